"""Fictitious people, recognisable as such: nobody is called Mẫu, Thử or Ví Dụ with these numbers.

A person is a whole number; everything personal follows from it.
"""

from __future__ import annotations

from itertools import product

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Phan")
_MIDDLES = ("Văn", "Thị", "Hữu", "Ngọc", "Đức", "Thu", "Quang")
_GIVENS = ("Mẫu", "Thử", "Ví Dụ", "Giả Định", "Minh Họa")
_COUNTS = ("Một", "Hai", "Ba", "Bốn", "Năm", "Sáu", "Bảy", "Tám", "Chín", "Mười")
_NAMES = list(map(" ".join, product(_FAMILIES, _MIDDLES, _GIVENS, _COUNTS)))

PEOPLE = 400_000
"""How many people there are; the number of a person is below it."""


def name(person: int) -> str:
    return _NAMES[person % len(_NAMES)]


def identity_number(person: int) -> str:
    """Twelve digits of which the first six are 0: no province has that number."""
    return f"{person:012d}"


def phone(person: int) -> str:
    return f"0900000{person % 1000:03d}"


def email(person: int) -> str:
    return f"nguoi.mau.{person}@example.invalid"


def address(person: int) -> str:
    return f"Số {person % 97 + 1} đường Mẫu {person % 13 + 1}, thành phố Hải Phòng"


def official_name(department: str, number: int) -> str:
    return f"Cán bộ Mẫu {number:02d} - {department}"
