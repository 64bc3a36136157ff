"""Keeps the sample data of ./chiso demo and real data in homes of their own."""

from __future__ import annotations

from pathlib import Path

from chiso766 import settings
from chiso766.errors import ChisoError


def marker(home: Path) -> Path:
    """The file that says that a home holds the sample."""
    return home / "holds-sample"


def exports(home: Path) -> Path:
    """The drop folder of the sample."""
    return home / "exports"


def refuse_real_exports() -> None:
    """To be called before a night runs: real exports must not be loaded beside the sample."""
    current = settings.load()
    if marker(current.home).exists() and current.exports != exports(current.home):
        raise ChisoError(
            f"{current.home} đang giữ dữ liệu mẫu của ./chiso demo: hãy đặt CHISO_HOME sang thư mục"
            " khác, hoặc chạy ./chiso down rồi xóa thư mục đó, trước khi nạp dữ liệu thật."
        )
