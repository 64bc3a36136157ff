"""The province, its communes and some of its agencies, and how well each of them works.

Names and statistical-office codes of the communes are facts (data/communes.csv); the portal codes
are invented in their order. Sizes and habits are invented too and say nothing about the real units.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from chiso766.errors import ChisoError
from chiso766.sample.outbox import Row
from chiso766.sample.streams import stream

PROVINCE = "H24"
HOME_GSO_CODE = "10714"  # phường Nhị Chiểu
FIRST_COMMUNE_NUMBER = 101
COMMUNES_PER_AGENCY = 6  # among the units that have dossiers
SIZE_OF_KIND = {"phường": 1.2, "xã": 0.7, "đặc khu": 0.3}


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares between 0 and 1 that make one unit better than another."""

    online: float  # of dossiers, where the procedure has an online service
    late: float  # of dossiers of a procedure of average hardness
    supplement: float  # of dossiers sent back once
    scanned: float  # of dossiers handed in at the desk
    result: float  # of finished dossiers that get an electronic result
    store: float  # of results put into the citizen's data store
    reused: float  # of dossiers that reuse digitised data
    vneid: float  # of applicants with a verified account
    population: float  # of dossiers checked against the population database
    paid_online: float  # of dossiers with a fee
    synchronised: float
    displeased: float  # of ratings, where the dossier was in time
    petitions: float  # a month


HOME_HABITS = Habits(
    online=0.72,
    late=0.06,
    supplement=0.05,
    scanned=0.9,
    result=0.9,
    store=0.4,
    reused=0.4,
    vneid=0.8,
    population=0.5,
    paid_online=0.74,
    synchronised=0.975,
    displeased=0.04,
    petitions=6.0,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; ``size`` is relative to an average commune, ``fields`` those an agency works in."""

    code: str
    name: str
    level: str
    parent: str
    gso_code: str
    certifies_copies: bool
    size: float
    habits: Habits
    fields: tuple[str, ...] = ()

    @property
    def procedure_level(self) -> str:
        """The level, in the catalogue's words, of the procedures it handles."""
        return "xa" if self.level == "xa" else "tinh"

    def row(self, until: int) -> Row:
        del until  # a unit does not change
        return {
            "MaDonVi": self.code,
            "TenDonVi": self.name,
            "Cap": self.level,
            "MaDonViCha": self.parent,
            "MaGSO": self.gso_code,
            "ChungThucBanSaoDienTu": str(int(self.certifies_copies)),
        }


def read_data(name: str, delimiter: str = ";") -> list[dict[str, str]]:
    """The rows of a data file of this package."""
    text = (files("chiso766.sample") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter=delimiter))


def all_units(seed: int, home_unit: str) -> list[Unit]:
    """The province, its agencies and all its communes, the home ward under the code given."""
    units = [_province(), *_agencies(seed), *_communes(seed, home_unit)]
    if len({unit.code for unit in units}) < len(units):
        raise ChisoError(
            f"Mã đơn vị {home_unit} trùng với mã của một đơn vị mẫu khác: hãy đặt CHISO_UNIT là một"
            " mã khác, ví dụ H24.999."
        )
    return units


def units_with_dossiers(units: list[Unit], number: int) -> list[Unit]:
    """The home ward, then communes in their order with an agency after every few of them."""
    communes = [unit for unit in units if unit.level == "xa"]
    home = next(unit for unit in communes if unit.gso_code == HOME_GSO_CODE)
    agencies = iter([unit for unit in units if unit.level == "so"])
    ordered = [home]
    for place, commune in enumerate((unit for unit in communes if unit is not home), start=1):
        ordered.append(commune)
        if place % COMMUNES_PER_AGENCY == 0:
            ordered.extend(_at_most_one(agencies))
    ordered.extend(agencies)
    if not 1 <= number <= len(ordered):
        raise ChisoError(
            f"Số đơn vị phải từ 1 đến {len(ordered)}, nhưng được cho là {number}: hãy sửa --units."
        )
    return ordered[:number]


def _at_most_one(units: Iterator[Unit]) -> list[Unit]:
    unit = next(units, None)
    return [] if unit is None else [unit]


def _province() -> Unit:
    return Unit(PROVINCE, "Thành phố Hải Phòng", "tinh", "", "31", False, 0.0, HOME_HABITS)


def _agencies(seed: int) -> Iterator[Unit]:
    for row in read_data("agencies.csv"):
        random = stream(seed, "unit", row["code"])
        yield Unit(
            code=row["code"],
            name=row["name"],
            level="so",
            parent=PROVINCE,
            gso_code="",
            certifies_copies=False,
            size=float(row["size"]),
            habits=_habits(random),
            fields=tuple(row["fields"].split("|")),
        )


def _communes(seed: int, home_unit: str) -> Iterator[Unit]:
    for number, row in enumerate(read_data("communes.csv", ","), start=FIRST_COMMUNE_NUMBER):
        is_home = row["gso_code"] == HOME_GSO_CODE
        code = home_unit if is_home else f"{PROVINCE}.{number}"
        random = stream(seed, "unit", row["gso_code"])
        yield Unit(
            code=code,
            name=f"UBND {row['name']}",
            level="xa",
            parent=PROVINCE,
            gso_code=row["gso_code"],
            certifies_copies=is_home or random.random() < 0.6,
            size=SIZE_OF_KIND[row["kind"]] * (1.0 if is_home else random.lognormvariate(0, 0.3)),
            habits=HOME_HABITS if is_home else _habits(random),
        )


def _habits(random: Random) -> Habits:
    def between(low: float, high: float) -> float:
        return random.uniform(low, high)

    return Habits(
        online=between(0.3, 0.95),
        late=between(0.01, 0.16),
        supplement=between(0.02, 0.1),
        scanned=between(0.4, 0.98),
        result=between(0.55, 0.99),
        store=between(0.02, 0.7),
        reused=between(0.15, 0.8),
        vneid=between(0.5, 0.95),
        population=between(0.2, 0.7),
        paid_online=between(0.5, 0.97),
        synchronised=between(0.93, 1.0),
        displeased=between(0.005, 0.08),
        petitions=between(0.5, 6.0),
    )
