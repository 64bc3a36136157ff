-- What analysts and operators read about the tables behind the marts, in Vietnamese; safe to run again.
comment on table ops.source is 'Nguồn dữ liệu. Một dòng cho mỗi nguồn.';
comment on column ops.source.source is 'Tên nguồn, ví dụ dossiers';
comment on column ops.source.is_optional is 'Nguồn không bắt buộc: thiếu thì không cảnh báo';
comment on column ops.source.position is 'Thứ tự nạp của nguồn';

comment on table ops.night is 'Ngày dữ liệu đã chạy. Một dòng cho mỗi ngày.';
comment on column ops.night.export_day is 'Ngày dữ liệu';
comment on column ops.night.is_checked is 'Tệp của ngày này đã được kiểm tra và nạp';
comment on column ops.night.first_run_at is 'Thời điểm chạy lần đầu';

comment on table ops.file is 'Tệp đã nhận, theo nội dung. Một dòng cho mỗi lần nội dung của tệp thay đổi.';
comment on column ops.file.file_id is 'Số của tệp';
comment on column ops.file.export_day is 'Ngày dữ liệu';
comment on column ops.file.source is 'Tên nguồn';
comment on column ops.file.file_name is 'Tên tệp';
comment on column ops.file.sha256 is 'Mã SHA-256 của nội dung; tệp gốc nằm trong vùng lưu dưới mã này';
comment on column ops.file.bytes is 'Số byte';
comment on column ops.file.received_at is 'Thời điểm nhận';

comment on table ops.sighting is 'Tệp như nơi gửi cho thấy khi lấy lần cuối. Một dòng cho mỗi nơi và tệp.';
comment on column ops.sighting.export_day is 'Ngày dữ liệu';
comment on column ops.sighting.source is 'Tên nguồn';
comment on column ops.sighting.origin is 'Nơi lấy tệp: tên kết nối; trống là thư mục chờ';
comment on column ops.sighting.file_name is 'Tên tệp';
comment on column ops.sighting.version is 'Dấu hiệu nhận biết tệp đã đổi; trống nếu nơi gửi không cho biết';
comment on column ops.sighting.file_id is 'Số của tệp đã nhận';

comment on table ops.fetch_failure is 'Những gì không lấy được. Một dòng cho mỗi ngày dữ liệu, nguồn và nơi gửi.';
comment on column ops.fetch_failure.export_day is 'Ngày dữ liệu';
comment on column ops.fetch_failure.source is 'Tên nguồn; trống nếu không thuộc riêng nguồn nào';
comment on column ops.fetch_failure.origin is 'Nơi lấy tệp: tên kết nối; trống là thư mục chờ';
comment on column ops.fetch_failure.sentence is 'Vì sao không lấy được và cần làm gì';

comment on table ops.load is 'Lần nạp tệp. Một dòng cho mỗi lần nạp; một tệp có thể được nạp lại.';
comment on column ops.load.load_id is 'Số của lần nạp';
comment on column ops.load.file_id is 'Số của tệp';
comment on column ops.load.state is 'Kết quả: loaded (đã nạp), refused (từ chối cả tệp)';
comment on column ops.load.refusal is 'Vì sao tệp bị từ chối; trống nếu đã nạp';
comment on column ops.load.rows_read is 'Số dòng đọc được; bằng số dòng nhận cộng số dòng để riêng';
comment on column ops.load.rows_accepted is 'Số dòng được nhận';
comment on column ops.load.rows_set_aside is 'Số dòng để riêng vì vi phạm quy tắc';
comment on column ops.load.rows_changed is 'Số dòng mới hoặc khác với bản đang có';
comment on column ops.load.is_late is
'Tệp đến muộn: ngày của tệp, hoặc một ngày sau đó, đã được kiểm tra trước khi tệp đến';
comment on column ops.load.warnings is 'Điều cần lưu ý khi đọc tệp; trống nếu không có';
comment on column ops.load.loaded_at is 'Thời điểm nạp';
comment on column ops.load.rows_opened is 'Số dòng để riêng chưa được sửa mà trước lần nạp này chưa có';
comment on column ops.load.failed_expectations is
'Thứ tự, từ 0, của các quy tắc trong bộ quy tắc tiếp nhận mà tệp có dòng vi phạm; mảng rỗng nếu không có';

comment on table ops.reload is 'Yêu cầu nạp lại. Một dòng cho mỗi lần yêu cầu.';
comment on column ops.reload.run_id is 'Mã lần chạy đã nhận yêu cầu';
comment on column ops.reload.export_day is 'Ngày dữ liệu cần nạp lại';
comment on column ops.reload.reason is 'Lý do do người yêu cầu ghi';
comment on column ops.reload.after_load_id is 'Lần nạp mới nhất khi có yêu cầu; tệp nạp sau đó đã được nạp lại';
comment on column ops.reload.asked_at is 'Thời điểm yêu cầu';

comment on table ops.purge is
'Tệp quá hạn lưu, ghi trước khi xóa nội dung khỏi vùng lưu. Một dòng cho mỗi tệp, hoặc nội dung không thuộc tệp nào.';
comment on column ops.purge.file_id is 'Số của tệp; trống nếu nội dung không thuộc tệp nào đã nhận';
comment on column ops.purge.sha256 is 'Mã SHA-256 của nội dung';
comment on column ops.purge.night is 'Ngày dữ liệu của lần chạy đã quyết định xóa';
comment on column ops.purge.decided_at is 'Thời điểm quyết định xóa';
comment on column ops.purge.deleted_at is
'Thời điểm xóa nội dung lần cuối; trống nếu nội dung còn thuộc một tệp mới hơn hoặc chưa xóa xong';

comment on table personal.row is
'Dữ liệu cá nhân đã mã hóa, khóa nằm ngoài cơ sở dữ liệu. Một dòng cho mỗi hồ sơ, phản ánh, đánh giá, văn bản.';
comment on column personal.row.source is 'Tên nguồn';
comment on column personal.row.row_key is 'Khóa của dòng, ví dụ mã hồ sơ';
comment on column personal.row.load_id is 'Số của lần nạp';
comment on column personal.row.export_day is 'Ngày dữ liệu của tệp mang đến; quyết định khi nào bị xóa';
comment on column personal.row.file_name is 'Tên tệp';
comment on column personal.row.sealed is 'Nội dung đã mã hóa; đọc bằng ./chiso personal';

comment on table ops.personal_reading is
'Ai đã xem dữ liệu cá nhân nào, lúc nào, vì sao. Một dòng cho mỗi lần xem, ghi trước khi xem.';
comment on column ops.personal_reading.reading_id is 'Số của lần xem';
comment on column ops.personal_reading.code is 'Mã hồ sơ hoặc phản ánh, kiến nghị';
comment on column ops.personal_reading.reason is 'Lý do do người xem ghi';
comment on column ops.personal_reading.account is 'Tài khoản trên máy của người xem';
comment on column ops.personal_reading.database_account is 'Tài khoản cơ sở dữ liệu';
comment on column ops.personal_reading.read_at is 'Thời điểm xem';

comment on table ops.personal_purge is
'Dữ liệu cá nhân đã xóa. Một dòng cho mỗi lần xóa, nguồn và ngày dữ liệu.';
comment on column ops.personal_purge.night is 'Ngày dữ liệu của lần chạy đã xóa';
comment on column ops.personal_purge.source is 'Tên nguồn';
comment on column ops.personal_purge.export_day is 'Ngày dữ liệu của các tệp đã mang đến';
comment on column ops.personal_purge.rows is 'Số dòng đã xóa';
comment on column ops.personal_purge.purged_at is 'Thời điểm xóa';

comment on table ops.build is 'Lần dựng số liệu. Một dòng cho mỗi lần dựng.';
comment on column ops.build.build_id is 'Số của lần dựng';
comment on column ops.build.as_of_day is 'Ngày dữ liệu mới nhất; số liệu tính đến hết ngày này';
comment on column ops.build.last_load_id is 'Lần nạp mới nhất mà lần dựng đọc';
comment on column ops.build.state is
'Tiến độ: building (đang dựng), built (đã dựng), published (đã công bố), failed (bị lỗi)';
comment on column ops.build.error is 'Vì sao bị lỗi; trống nếu không lỗi';
comment on column ops.build.started_at is 'Thời điểm bắt đầu';
comment on column ops.build.built_at is 'Thời điểm dựng xong; trống nếu chưa xong';
comment on column ops.build.published_at is 'Thời điểm công bố; trống nếu chưa công bố';

comment on table ops.build_node is
'Mô hình và phép kiểm tra của một lần dựng. Một dòng cho mỗi lần dựng và mô hình hoặc phép kiểm tra.';
comment on column ops.build_node.build_id is 'Số của lần dựng';
comment on column ops.build_node.node is 'Mã của mô hình hoặc phép kiểm tra trong dbt';
comment on column ops.build_node.state is 'Kết quả theo dbt: success, pass, error, fail, skipped';
comment on column ops.build_node.seconds is 'Số giây đã chạy';
comment on column ops.build_node.message is 'Điều dbt báo lại; trống nếu không có';

comment on table ops.unit_reader is
'Đơn vị mà tài khoản thuộc chiso_unit được đọc số liệu. Một dòng cho mỗi tài khoản và đơn vị.';
comment on column ops.unit_reader.reader is 'Tên tài khoản đăng nhập';
comment on column ops.unit_reader.unit_code is 'Mã đơn vị';

comment on table ops.pseudonym_key is 'Dấu vết của khóa băm đang dùng. Nhiều nhất một dòng.';
comment on column ops.pseudonym_key.is_only is 'Luôn đúng: bảng chỉ có một dòng';
comment on column ops.pseudonym_key.fingerprint is 'Mã băm của một chữ cố định; không suy ra được khóa';

comment on table set_aside.row is
'Dòng để riêng vì vi phạm quy tắc. Một dòng cho mỗi dòng của tệp, theo quy tắc đầu tiên bị vi phạm.';
comment on column set_aside.row.load_id is 'Số của lần nạp';
comment on column set_aside.row.source is 'Tên nguồn';
comment on column set_aside.row.export_day is 'Ngày dữ liệu';
comment on column set_aside.row.file_name is 'Tên tệp';
comment on column set_aside.row.line is 'Số dòng trong tệp';
comment on column set_aside.row.rule is 'Quy tắc bị vi phạm, một từ';
comment on column set_aside.row.field is 'Trường bị sai; trống nếu không riêng trường nào';
comment on column set_aside.row.value is 'Giá trị như tệp đã ghi; trống nếu thiếu hoặc không được giữ lại';
comment on column set_aside.row.row_key is 'Khóa của dòng, ví dụ mã hồ sơ; trống nếu không đọc được';
comment on column set_aside.row.unit_code is 'Mã đơn vị của dòng; trống nếu không đọc được';
comment on column set_aside.row.healed_load_id is 'Lần nạp đã đưa vào dòng được sửa; trống nếu còn chờ sửa';

comment on table ops.file_export is
'Dữ liệu đã được ghi ra tệp. Một dòng cho mỗi lần ghi; không có giá trị nào của dữ liệu.';
comment on column ops.file_export.export_id is 'Số của lần ghi';
comment on column ops.file_export.started_at is 'Thời điểm bắt đầu ghi';
comment on column ops.file_export.ended_at is 'Thời điểm ghi xong; trống nếu hỏng, bị dừng hoặc đang ghi';
comment on column ops.file_export.account is 'Tài khoản hệ điều hành đã chạy lệnh';
comment on column ops.file_export.role is 'Vai trò cơ sở dữ liệu đã đọc';
comment on column ops.file_export.command is 'Lệnh của ./chiso, hoặc bước của đêm';
comment on column ops.file_export.content is 'Nội dung của tệp, hoặc câu truy vấn';
comment on column ops.file_export.path is 'Đường dẫn của tệp; dấu - là in ra màn hình hay chuyển hướng';
comment on column ops.file_export.row_count is 'Số dòng; trống nếu không đếm được hoặc chưa ghi xong';
