"""The commands of ./chiso: one function each; what they do is in the module each one calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path

from chiso766 import failures
from chiso766.errors import ChisoError

SAMPLE_LAST_DAY = date(2026, 11, 30)  # equal seeds give equal samples, so it is no "today"
INTERRUPTED = 130

# How argparse begins its sentences, and how we do.
_SAID_BY_ARGPARSE = (
    ("the following arguments are required: ", "thiếu "),
    ("unrecognized arguments: ", "không hiểu "),
    ("argument ", "không hiểu giá trị của "),
)


def main() -> int:
    """Run the command on the command line; returns its exit code."""
    arguments = parser().parse_args()
    try:
        code: int | None = arguments.run(arguments)
        return code or 0
    except ChisoError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Đã dừng giữa chừng theo yêu cầu; chạy lại lệnh này để làm tiếp.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        print(failures.unexpected(error), file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """argparse, speaking Vietnamese."""

    def error(self, message: str) -> None:  # type: ignore[override]
        for english, vietnamese in _SAID_BY_ARGPARSE:
            if message.startswith(english):
                message = vietnamese + message.removeprefix(english).split(":")[0]
        print(f"{self.prog}: {message}; xem {self.prog} --help.", file=sys.stderr)
        sys.exit(2)

    def format_help(self) -> str:
        text = super().format_help()
        return text.replace("usage:", "Cách dùng:", 1)


def parser() -> argparse.ArgumentParser:
    """What ./chiso understands; ``run`` of what it parsed is the command."""
    top = _Parser(
        prog="./chiso",
        description="Điểm Quyết định 766 của xã, phường tính từ chính hồ sơ của mình, mỗi đêm.",
        add_help=False,
    )
    _add_help(top)
    commands = top.add_subparsers(title="Các lệnh", metavar="LỆNH", required=True, dest="LỆNH")

    def command(name: str, run: Callable[[argparse.Namespace], int | None], about: str) -> _Parser:
        added: _Parser = commands.add_parser(name, help=about, description=about, add_help=False)
        _add_help(added)
        added.set_defaults(run=run)
        return added

    command("demo", _demo, "dựng thử toàn bộ trên dữ liệu mẫu một tháng của một phường")
    added = command("test", _test, "kiểm tra mã và chạy mọi kiểm thử")
    added.add_argument("arguments", nargs="*", metavar="ĐƯỜNG_DẪN", help="chỉ phần này của tests/")
    command("lint", _lint, "kiểm tra mã: ruff, mypy, sqlfluff")
    command("audit", _audit, "hỏi xem gói nào đang dùng có lỗ hổng bảo mật đã biết")
    added = command(
        "up", _up, "khởi động PostgreSQL, Airflow và trang báo cáo; mỗi đêm tự chạy lúc 01:00"
    )
    added.add_argument(
        "--bi", action="store_true", help="cả Superset với bảng điều khiển Điểm Quyết định 766"
    )
    command("down", _down, "dừng tất cả")
    command("status", _status, "cái gì đang chạy, đêm tới lúc nào, đêm vừa rồi ra sao")

    added = command("doctor", _doctor, "tìm những chỗ sai thường gặp và nói cách sửa")
    added.add_argument("--json", action="store_true", help="in JSON cho máy đọc")

    added = command("nightly", _nightly, "chạy ngay đêm của một hay nhiều ngày dữ liệu")
    added.add_argument("day", type=_day, metavar="NGÀY", help="ngày dữ liệu, ví dụ 2026-11-22")
    added.add_argument("--to", type=_day, metavar="NGÀY", help="đến hết ngày này")
    added.add_argument("--each", action="store_true", help="dựng số liệu sau từng ngày")
    added.add_argument(
        "--reason",
        metavar="LÝ_DO",
        help="nạp lại mọi tệp của những ngày này từ vùng lưu; lý do được giữ lại",
    )

    added = command("scorecard", _scorecard, "in bảng điểm")
    added.add_argument("--unit", metavar="MÃ", help="mã đơn vị (mặc định CHISO_UNIT)")
    added.add_argument("--period", metavar="KỲ", help="2026-11, 2026-Q4 hoặc 2026")
    added.add_argument(
        "--profile",
        metavar="BỘ",
        default="portal-2026",
        help="portal-2026 (mặc định) hoặc decision-766-text",
    )
    added.add_argument("--json", action="store_true", help="in JSON cho máy đọc")

    added = command("why", _why, "vì sao điểm thay đổi giữa hai đêm, đến từng hồ sơ")
    added.add_argument("--unit", metavar="MÃ", help="mã đơn vị (mặc định CHISO_UNIT)")
    added.add_argument("--period", metavar="KỲ", help="2026-11, 2026-Q4 hoặc 2026")
    added.add_argument("--from", dest="first", type=_day, metavar="NGÀY", help="đêm trước")
    added.add_argument("--to", dest="last", type=_day, metavar="NGÀY", help="đêm sau")
    added.add_argument("--json", action="store_true", help="in JSON cho máy đọc")

    added = command("plan", _plan, "cách ít việc nhất để đạt một thứ hạng")
    added.add_argument("--unit", metavar="MÃ", help="mã đơn vị (mặc định CHISO_UNIT)")
    added.add_argument("--period", metavar="KỲ", help="tháng, quý hoặc năm hiện tại")
    added.add_argument(
        "--target-rank", type=_rank, metavar="N", help="thứ hạng (mặc định CHISO_TARGET_RANK)"
    )
    added.add_argument("--json", action="store_true", help="in JSON cho máy đọc")

    added = command("whatif", _whatif, "điểm và thứ hạng sẽ ra sao nếu số đếm thay đổi")
    added.add_argument(
        "--set",
        dest="changes",
        action="append",
        required=True,
        metavar="CHỈ_SỐ=SỐ",
        help="thêm hay bớt ở tử số, ví dụ 3.6=+40; dùng được nhiều lần",
    )
    added.add_argument("--unit", metavar="MÃ", help="mã đơn vị (mặc định CHISO_UNIT)")
    added.add_argument("--period", metavar="KỲ", help="2026-11, 2026-Q4 hoặc 2026")
    added.add_argument("--json", action="store_true", help="in JSON cho máy đọc")

    added = command("report", _report, "lập báo cáo kiểm soát thủ tục hành chính")
    added.add_argument(
        "form",
        choices=["06a", "06b", "pakn", "so-hoa", "tre-han", "tat-ca", "tom-tat"],
        metavar="BIỂU",
        help="06a: biểu II.06a, kết quả giải quyết theo lĩnh vực; 06b: nguyên nhân quá hạn; pakn:"
        " phản ánh, kiến nghị; so-hoa: số hóa, thanh toán trực tuyến; tre-han: danh sách hồ sơ quá"
        " hạn; tat-ca: mọi biểu trong một tệp; tom-tat: một trang Word cho lãnh đạo",
    )
    added.add_argument("--unit", metavar="MÃ", help="mã đơn vị (mặc định CHISO_UNIT)")
    added.add_argument(
        "--period",
        required=True,
        metavar="KỲ",
        help="kỳ báo cáo: 2026-11 (từ 15/10 đến 14/11), 2026-Q4, 2026-H1 (6 tháng đầu năm), 2026;"
        " với tom-tat là kỳ của bảng điểm: 2026-11, 2026-Q4, 2026",
    )
    added.add_argument(
        "-o", dest="file", type=Path, required=True, metavar="TỆP", help="tệp .xlsx hoặc .docx"
    )

    added = command("columns", _columns, "một tệp sẽ được đọc thế nào, thiếu gì, cần thêm gì")
    added.add_argument("file", type=Path, metavar="TỆP", help="tệp xuất của một hệ thống")
    added.add_argument("--source", metavar="NGUỒN", help="mặc định: tên thư mục, hoặc theo các cột")
    added.add_argument("--json", action="store_true", help="in JSON cho máy đọc")

    added = command("sql", _sql, "chạy một câu truy vấn trên kho dữ liệu, chỉ đọc")
    added.add_argument("query", metavar="TRUY_VẤN", help='ví dụ "select * from marts.data_status"')
    added.add_argument("--as", dest="role", metavar="VAI_TRÒ", help="ví dụ chiso_analyst")
    added.add_argument("--csv", action="store_true", help="in CSV cho máy đọc")

    added = command("reader", _reader, "tài khoản chỉ đọc số liệu của những đơn vị được nêu")
    added.add_argument("name", metavar="TÊN", help="tài khoản sẽ là chiso_unit_TÊN")
    added.add_argument(
        "units", nargs="*", metavar="MÃ", help="mã đơn vị; không nêu mã nào: xóa tài khoản"
    )

    added = command(
        "personal", _personal, "xem dữ liệu cá nhân được giữ mã hóa; mỗi lần đều ghi sổ"
    )
    added.add_argument("code", metavar="MÃ", help="mã hồ sơ hoặc phản ánh, kiến nghị")
    added.add_argument("--reason", required=True, metavar="LÝ_DO", help="vì sao cần xem")

    added = command("backup", _backup, "sao lưu cả kho dữ liệu vào một tệp")
    added.add_argument("file", type=Path, metavar="TỆP", help="ví dụ kho.chiso766")

    added = command("restore", _restore, "khôi phục cả kho dữ liệu từ một bản sao lưu")
    added.add_argument("file", type=Path, metavar="TỆP", help="tệp do ./chiso backup ghi")
    added.add_argument(
        "--replace", action="store_true", help="thay kho đang có dữ liệu; dữ liệu đó sẽ mất"
    )

    added = command("rotate", _rotate, "đổi mật khẩu và khóa của hệ thống")
    added.add_argument(
        "what",
        choices=["passwords", "airflow", "key", "personal"],
        metavar="LOẠI",
        help="passwords: mật khẩu của mọi tài khoản cơ sở dữ liệu; airflow: các khóa của Airflow và"
        " mật khẩu giao diện; key: khóa băm tên người xử lý, băm lại mọi mã đã lưu; personal:"
        " khóa mã hóa dữ liệu cá nhân",
    )

    added = command("sample", _sample, "viết tệp xuất mẫu ở mọi định dạng")
    added.add_argument("directory", type=Path, metavar="THƯ_MỤC", help="thư mục trống sẽ viết vào")
    added.add_argument("--units", type=int, default=1, metavar="N", help="số đơn vị có hồ sơ")
    added.add_argument("--dossiers", type=int, default=2000, metavar="N", help="số hồ sơ tiếp nhận")
    added.add_argument("--days", type=int, default=30, metavar="N", help="số ngày")
    added.add_argument("--seed", type=int, default=766, metavar="N", help="cùng số thì cùng tệp")
    added.add_argument("--dirt", type=float, default=0.0, metavar="TỶ_LỆ", help="phần dữ liệu lỗi")
    return top


def _add_help(parser: argparse.ArgumentParser) -> None:
    parser._positionals.title, parser._optionals.title = "Tham số", "Lựa chọn"
    parser.add_argument("-h", "--help", action="help", help="in hướng dẫn này")


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _rank(text: str) -> int:
    rank = int(text)
    if rank < 1:
        raise ValueError
    return rank


def _demo(arguments: argparse.Namespace) -> None:
    from chiso766 import demo

    demo.run(SAMPLE_LAST_DAY)


def _test(arguments: argparse.Namespace) -> int:
    from chiso766 import development

    return development.test(arguments.arguments)


def _lint(arguments: argparse.Namespace) -> int:
    from chiso766 import development

    return development.lint()


def _audit(arguments: argparse.Namespace) -> int:
    from chiso766 import audit

    return audit.run()


def _up(arguments: argparse.Namespace) -> None:
    from chiso766 import page_server, superset, system

    system.up()
    print(f"Hệ thống đang chạy. Trang báo cáo: {page_server.address()}")
    print(f"Giao diện Airflow: {system.ui_address()}, {system.login_hint()}.")
    print(f"Kho dữ liệu: {system.database_hint()}.")
    if arguments.bi:
        system.up_bi()
        print(f"Superset: {superset.hint()}.")


def _down(arguments: argparse.Namespace) -> None:
    from chiso766 import system

    system.down()
    print("Đã dừng tất cả.")


def _status(arguments: argparse.Namespace) -> None:
    from chiso766 import system

    _print_lines(system.status())


def _doctor(arguments: argparse.Namespace) -> int:
    from chiso766 import doctor

    return doctor.run(arguments.json)


def _nightly(arguments: argparse.Namespace) -> None:
    from chiso766 import nightly

    last = arguments.to or arguments.day
    if last < arguments.day:
        raise ChisoError(f"Ngày cuối {last} ở trước ngày đầu {arguments.day}: hãy đổi lại thứ tự.")
    nightly.run_nights(arguments.day, last, arguments.each, arguments.reason)
    print(f"Đã công bố số liệu đến hết ngày {last}.")


def _scorecard(arguments: argparse.Namespace) -> None:
    from chiso766 import scorecard, server

    server.start()
    with _recorded("scorecard", arguments):
        scorecard.run(arguments.unit, arguments.period, arguments.profile, arguments.json)


def _why(arguments: argparse.Namespace) -> None:
    from chiso766 import server, why

    server.start()
    with _recorded("why", arguments):
        why.run(arguments.unit, arguments.period, arguments.first, arguments.last, arguments.json)


def _plan(arguments: argparse.Namespace) -> None:
    from chiso766 import plan, server

    server.start()
    with _recorded("plan", arguments):
        plan.run(arguments.unit, arguments.period, arguments.target_rank, arguments.json)


def _whatif(arguments: argparse.Namespace) -> None:
    from chiso766 import server, whatif

    server.start()
    with _recorded("whatif", arguments):
        whatif.run(arguments.unit, arguments.period, arguments.changes, arguments.json)


def _report(arguments: argparse.Namespace) -> None:
    from chiso766 import report, server

    server.start()
    report.run(arguments.form, arguments.unit, arguments.period, arguments.file)
    print(f"Đã ghi {arguments.file}.")


def _columns(arguments: argparse.Namespace) -> None:
    from chiso766 import columns

    columns.run(arguments.file, arguments.source, arguments.json)


def _sql(arguments: argparse.Namespace) -> None:
    from chiso766 import query, server

    server.start()
    query.run(arguments.query, arguments.role, arguments.csv)


def _reader(arguments: argparse.Namespace) -> None:
    from chiso766 import server, unit_reader

    server.start()
    unit_reader.run(arguments.name, arguments.units)


def _personal(arguments: argparse.Namespace) -> None:
    from chiso766 import personal, server

    server.start()
    _print_lines(personal.read(arguments.code, arguments.reason))


def _backup(arguments: argparse.Namespace) -> None:
    from chiso766 import backup

    backup.run(arguments.file)


def _restore(arguments: argparse.Namespace) -> None:
    from chiso766 import restore

    restore.run(arguments.file, arguments.replace)


def _rotate(arguments: argparse.Namespace) -> None:
    from chiso766 import rotate

    rotate.run(arguments.what)


def _sample(arguments: argparse.Namespace) -> None:
    from chiso766 import demo

    demo.write_sample_with_progress(
        arguments.directory,
        units=arguments.units,
        dossiers=arguments.dossiers,
        days=arguments.days,
        seed=arguments.seed,
        dirt=arguments.dirt,
        last_day=SAMPLE_LAST_DAY,
    )


def _recorded(command: str, arguments: argparse.Namespace) -> AbstractContextManager[object]:
    """What is printed for machines is kept by them, so it is recorded as a file."""
    if not arguments.json:
        return nullcontext()
    from chiso766 import file_export, settings

    unit, period = arguments.unit or settings.load().unit, arguments.period or "mới nhất"
    content = f"đơn vị {unit}, kỳ {period}"
    return file_export.recorded(command, content, file_export.STANDARD_OUTPUT)


def _print_lines(lines: Sequence[str]) -> None:
    print("\n".join(lines))
