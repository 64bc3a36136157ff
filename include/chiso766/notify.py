"""Messages to the people who look after the nights: logs/alerts.log, e-mail, webhook.

E-mail and webhook are off unless the settings name an address. A message that cannot be sent is
logged and fails nothing. It is one paragraph in Vietnamese that says what happened, for which day,
what stands, and what to do; no secret and no value of a row is in it.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit

import psycopg
from structlog.contextvars import bound_contextvars

from chiso766 import database, failures, settings
from chiso766.errors import ChisoError

_PATIENCE_S = 20
_SECURE = "smtps"
_PORTS = {"smtp": 25, _SECURE: 465}
# A night that is made up for later tells nobody what did not come then.
_NEWS = timedelta(days=2)

# Sources of which the night before had a file and this one has none. Before: the newest earlier
# night of a working day if this is one, else of a day off, for some systems do not work on those.
_STOPPED: LiteralString = """
    with before as (
        select max(night.export_day) as export_day
        from ops.night
        inner join marts.dim_date as calendar on calendar.day = night.export_day
        where night.export_day < %(day)s and calendar.is_working_day = (
            select today.is_working_day from marts.dim_date as today where today.day = %(day)s
        )
    )
    select status.source_name
    from marts.data_status as status
    inner join before on true
    inner join marts.data_status as earlier
        on earlier.source = status.source and earlier.export_day = before.export_day
    where status.export_day = %(day)s and status.is_missing and not earlier.is_missing
    order by status.source_name
"""
_REFUSED: LiteralString = """
    select status.source_name, count(*)
    from ops.file
    inner join lateral (
        select load.state from ops.load
        where load.file_id = file.file_id order by load.load_id desc limit 1
    ) as newest on newest.state = 'refused'
    inner join marts.data_status as status
        on status.source = file.source and status.export_day = file.export_day
    where file.export_day = %(day)s
    group by status.source_name order by status.source_name
"""
_SILENT: LiteralString = """
    select distinct sentence from ops.fetch_failure where export_day = %(day)s order by sentence
"""

log = logging.getLogger(__name__)


def send(subject: str, text: str) -> None:
    """Write a message to logs/alerts.log and send it to whom the settings name; never raises."""
    for way, send_it in _WAYS.items():
        try:
            send_it(subject, text)
        except Exception as error:  # whatever a server makes of it, the night goes on
            # Texts of errors can hold addresses and passwords.
            why = str(error) if isinstance(error, ChisoError) else type(error).__name__
            log.error("Không gửi được thông báo qua %s (%s): ./chiso doctor chỉ chỗ sai.", way, why)


def step_failed(context: Mapping[str, Any]) -> None:
    """Called by Airflow when a step failed and is not tried again."""
    task = context["ti"]
    day = context["dag_run"].partition_key
    if day is None:  # started by hand without a day, and whoever did it is looking
        return
    step = f"{context['dag'].dag_display_name} ({task.dag_id})"
    if task.task.outlets:  # a step of the night, which a night in the foreground runs again
        again = f"chạy ./chiso nightly {day}"
    else:
        again = "mở nhật ký đó và bấm Clear Task Instance"
    send(
        f"Ngày {day}: bước {step} không xong",
        f"Đơn vị {settings.load().unit}: bước {step} của ngày dữ liệu {day} không xong sau"
        f" {task.try_number} lần thử. Nguyên nhân: {failures.cause(context.get('exception'))}"
        f" {_standing()} Việc cần làm: khắc phục nguyên nhân trên, rồi {again}. Nhật ký của bước:"
        f" {task.log_url}",
    )


def night_unpublished(day: date, step: str, due: datetime) -> None:
    """The marts of an export day were due and are not there; ``step`` has not ended."""
    with bound_contextvars(step=step, day=day.isoformat()):
        send(
            f"Ngày {day}: số liệu chưa được công bố",
            f"{due:%H:%M %d/%m/%Y}: số liệu của ngày {day} chưa được công bố vì bước {step} chưa"
            f" xong; hãy xem nhật ký của bước đó trong Airflow, rồi chạy ./chiso nightly {day}."
            f" {_standing()}",
        )


def data_faults(day: date, run_after: datetime) -> None:
    """Tell what of a published day did not come or could not be read, if that is worth a person.

    ``run_after``: when the run of its publication was due; long after the day nobody is told.
    """
    if run_after.date() > day + _NEWS:
        return
    try:
        faults = _faults(day)
    except (ChisoError, psycopg.Error):
        log.error("Không hỏi được kho dữ liệu ngày %s thiếu gì để báo: hãy xem trang báo cáo.", day)
        return
    if faults:
        send(
            f"Ngày {day}: có dữ liệu chưa nhận được",
            f"Đơn vị {settings.load().unit}: số liệu đến hết ngày {day} đã công bố, nhưng"
            f" {'; '.join(faults)}. Số liệu của các nguồn đó là của lần gửi trước. Việc cần làm:"
            f" đặt tệp đúng vào thư mục giao nhận của ngày {day} (đêm tới tự nhận), hoặc nhờ đơn vị"
            " quản lý hệ thống đó xuất lại; từng tệp và lý do ở mục số liệu của trang báo cáo.",
        )


def _faults(day: date) -> list[str]:
    faults = []
    with database.connect() as connection:
        stopped = [name for (name,) in connection.execute(_STOPPED, {"day": day})]
        refused = connection.execute(_REFUSED, {"day": day}).fetchall()
        silent = [sentence for (sentence,) in connection.execute(_SILENT, {"day": day})]
    if stopped:
        faults.append(f"không có tệp nào của {', '.join(stopped)} (đêm trước có)")
    if refused:
        counts = ", ".join(f"{name}: {count}" for name, count in refused)
        faults.append(f"có tệp bị từ chối vì không đọc được ({counts})")
    return faults + [sentence.removesuffix(".") for sentence in silent]


def _standing() -> str:
    """What people read meanwhile, in one sentence."""
    try:
        with database.connect() as connection:
            row = connection.execute(
                "select as_of_day from ops.build where state = 'published'"
                " order by build_id desc limit 1"
            ).fetchone()
    except (ChisoError, psycopg.Error):
        return "Cơ sở dữ liệu không trả lời nên chưa ai đọc được số liệu."
    if row is None:
        return "Chưa có số liệu nào được công bố."
    return f"Số liệu đã công bố đến hết ngày {row[0]} vẫn giữ nguyên để đọc."


def _keep(subject: str, text: str) -> None:
    log.error("%s", text)
    path = settings.make_private(settings.load().logs) / "alerts.log"
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")


def _mail(subject: str, text: str) -> None:
    current = settings.load()
    if not current.notify_email:
        return
    with mail_server(current.smtp_url) as server:
        message = MIMEText(text)
        login = unquote(urlsplit(current.smtp_url or "").username or "")
        message["From"] = login if "@" in login else current.notify_email[0]
        message["To"] = ", ".join(current.notify_email)
        message["Subject"] = Header(
            f"[chiso766] {subject}", "utf-8", header_name="Subject"
        ).encode()
        message["Date"] = formatdate(localtime=True)
        message["Message-ID"] = make_msgid("chiso766")
        server.send_message(message)


def mail_server(url: str | None) -> smtplib.SMTP:
    """A connection to ``smtp[s]://[login:password@]host[:port]``, logged in; to be closed.

    Raises ``ChisoError`` for another address, or where a password would go unencrypted, and
    ``OSError`` (``smtplib.SMTPException`` is one) where the server does not take it.
    """
    parts = urlsplit(url or "")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ChisoError(
            "CHISO_NOTIFY_EMAIL cần một máy chủ thư: hãy đặt CHISO_SMTP_URL, ví dụ"
            " smtp://tai-khoan:mat-khau@may-chu:587"
        )
    context = ssl.create_default_context()
    port = parts.port or _PORTS[parts.scheme]
    if parts.scheme == _SECURE:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            parts.hostname, port, timeout=_PATIENCE_S, context=context
        )
    else:
        server = smtplib.SMTP(parts.hostname, port, timeout=_PATIENCE_S)
    try:
        if parts.scheme != _SECURE:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif parts.password:
                raise ChisoError(
                    f"Máy chủ thư {parts.hostname} không mã hóa đường truyền nên mật khẩu không"
                    " được gửi đi: hãy dùng smtps:// hoặc cổng có STARTTLS trong CHISO_SMTP_URL."
                )
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _post(subject: str, text: str) -> None:
    url = settings.load().notify_webhook
    if not url:
        return
    import httpx  # takes its time

    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and this is a secret
    answer = httpx.post(url, json={"text": f"{subject}. {text}"}, timeout=_PATIENCE_S)
    if not answer.is_success:
        raise ChisoError(f"máy chủ trả lời {answer.status_code}")


_WAYS = {"logs/alerts.log": _keep, "thư điện tử": _mail, "CHISO_NOTIFY_WEBHOOK": _post}
