"""The catalogue of procedures and of online services.

data/procedures.csv holds one line per family of procedures: ``{Cấp|Cấp lại} Giấy phép …`` stands
for two. Its short values: levels x commune, t province; unit of the limit h hours, w working days,
d days, m months; who c citizens, b businesses, o agencies; online f full, p partial, - none; flags
B may be received outside the boundary, L linked, V vertical sector. Names are of the usual kind;
most codes, all limits and fees are illustrative: this is not the official catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from chiso766.sample.outbox import Outbox, Row
from chiso766.sample.streams import Weighted, stream
from chiso766.sample.units import PROVINCE, Unit, read_data
from chiso766.sample.working_hours import DAY

LEVELS = {"x": "xa", "t": "tinh"}
LIMIT_UNITS = {"h": "gio", "w": "ngay_lam_viec", "d": "ngay", "m": "thang", "": ""}
AUDIENCES = {"c": "cong_dan", "b": "doanh_nghiep", "o": "co_quan"}
ONLINE_LEVELS = {"f": "toan_trinh", "p": "mot_phan"}
SHARE_OF_LATER_VARIANT = 0.4  # a variant is rarer than the procedure its family starts with
INVENTED_CODES_FROM = 900_001
RARE = 1.6  # procedures of less weight can be announced as new or repealed
WAITING_TO_BE_ANNOUNCED = 20
REPEALED = 6
UNIT_SERVICES = 12  # services that only some units apply
DAYS_BETWEEN_SERVICE_CHANGES = 9


@dataclass(frozen=True, slots=True)
class Field:
    """A field of work: who handles it, what is handed in, how hard it is (1 is average)."""

    code: str
    name: str
    departments: dict[str, str]  # by the procedure's level
    system: str  # the software it is handled in
    hardness: float
    parts: tuple[str, ...]
    late_reason: str


@dataclass(eq=False, slots=True)
class Procedure:
    """A procedure; ``limit`` in ``limit_unit``, ``fee`` and ``charge`` in đồng."""

    code: str
    name: str
    field: Field
    levels: tuple[str, ...]
    limit: float
    limit_unit: str
    fee: int
    charge: int
    has_paper_result: bool
    audiences: tuple[str, ...]
    weight: float
    online_level: str
    boundary_free: bool
    linked: bool
    vertical: bool
    texts: dict[str, str]  # the components of Decree 63/2010 that are prose; some are not given
    states: list[tuple[int, str]]  # from which day (an ordinal) on
    service_code: str = ""  # the service its online dossiers use

    @property
    def price(self) -> int:
        return self.fee + self.charge

    def row(self, until: int) -> Row:
        return {
            "MaTTHC": self.code,
            "TenTTHC": self.name,
            "MaLinhVuc": self.field.code,
            "TenLinhVuc": self.field.name,
            "CapThucHien": ";".join(self.levels),
            "MaDonViCongBo": PROVINCE,
            "TrangThai": state_at(self.states, until),
            "DoiTuong": ";".join(self.audiences),
            **self.texts,
            "ThoiHan": f"{self.limit:g}" if self.limit_unit else "",
            "DonViThoiHan": self.limit_unit,
            "CoKetQuaGiayTo": str(int(self.has_paper_result)),
            "Phi": str(self.fee),
            "LePhi": str(self.charge),
            "DuDieuKienToanTrinh": str(int(self.online_level == "toan_trinh")),
            "PhiDiaGioi": str(int(self.boundary_free)),
            "LienThong": str(int(self.linked)),
            "NganhDoc": str(int(self.vertical)),
        }


@dataclass(eq=False, slots=True)
class Service:
    """An online service; ``unit`` empty means every unit of the procedure's level."""

    code: str
    procedure: Procedure
    unit: str
    states: list[tuple[int, str]]

    def row(self, until: int) -> Row:
        return {
            "MaDVC": self.code,
            "MaTTHC": self.procedure.code,
            "MucDo": self.procedure.online_level,
            "TrangThai": state_at(self.states, until),
            "MaDonVi": self.unit,
        }


@dataclass(frozen=True, slots=True)
class UnitProcedure:
    """An agency handles the procedures of its own fields only."""

    unit: str
    procedure: str

    def row(self, until: int) -> Row:
        del until  # it does not change
        return {"MaDonVi": self.unit, "MaTTHC": self.procedure}


def state_at(states: Sequence[tuple[int, str]], until: int) -> str:
    """The last state that began before the moment ``until``; states are (day, name)."""
    return next((name for day, name in reversed(states) if day * DAY < until), states[0][1])


def all_procedures(seed: int) -> list[Procedure]:
    """Every procedure of the sample, in the order of the data file."""
    fields = {row["code"]: _field(row) for row in read_data("fields.csv")}
    random = stream(seed, "procedures")
    procedures: list[Procedure] = []
    for row in read_data("procedures.csv"):
        for variant, name in enumerate(_expanded(row["name"])):
            code = row["code"] or f"1.{INVENTED_CODES_FROM + len(procedures):06d}"
            procedures.append(_procedure(row, fields[row["field"]], code, name, variant, random))
    _set_first_states(procedures, random)
    return procedures


def all_services(procedures: list[Procedure], units: list[Unit], seed: int) -> list[Service]:
    """One service per procedure that has any, and some that only single units apply."""
    random = stream(seed, "services")
    states = Weighted(
        ("cong_khai", "cho_dung_cong_khai", "kiem_thu", "dung"), (0.91, 0.03, 0.02, 0.04)
    )
    services = []
    for number, procedure in enumerate(procedures, start=1):
        state = states.pick(random)
        if not procedure.online_level:
            continue
        services.append(Service(f"3.{number:06d}", procedure, "", [(0, state)]))
        if state != "dung":
            procedure.service_code = services[-1].code
    communes = [unit for unit in units if unit.level == "xa"]
    for number in range(UNIT_SERVICES):
        procedure = random.choice([service.procedure for service in services if _at_xa(service)])
        unit = random.choice(communes).code
        services.append(Service(f"3.8{number:05d}", procedure, unit, [(0, "cong_khai")]))
    return services


def change_services(
    services: list[Service], first_day: int, last_day: int, seed: int, outbox: Outbox
) -> None:
    """Let a service change its state now and then, and export it that night."""
    random = stream(seed, "service changes")
    later = {"cong_khai": "cho_dung_cong_khai", "kiem_thu": "cong_khai"}
    for day in range(first_day, last_day + 1):
        if random.random() * DAYS_BETWEEN_SERVICE_CHANGES < 1:
            service = random.choice(services)
            state = service.states[-1][1]
            if state in later:
                service.states.append((day, later[state]))
                outbox.add("online_services", day, service)


def handled_by(unit: Unit, procedures: list[Procedure]) -> list[Procedure]:
    """The procedures of the unit's level, for an agency those of its fields."""
    level = unit.procedure_level
    return [
        procedure
        for procedure in procedures
        if level in procedure.levels and (not unit.fields or procedure.field.code in unit.fields)
    ]


def _at_xa(service: Service) -> bool:
    return "xa" in service.procedure.levels


def _field(row: dict[str, str]) -> Field:
    return Field(
        code=row["code"],
        name=row["name"],
        departments={"xa": row["department_xa"], "tinh": row["department_tinh"]},
        system=row["system"],
        hardness=float(row["hardness"]),
        parts=tuple(row["parts"].split("|")),
        late_reason=row["late_reason"],
    )


def _expanded(name: str) -> Iterator[str]:
    """The names a family stands for: one alternative of each ``{a|b}``."""
    pieces = re.split(r"\{([^}]*)\}", name)
    alternatives = [
        piece.split("|") if number % 2 else [piece] for number, piece in enumerate(pieces)
    ]
    return ("".join(chosen) for chosen in product(*alternatives))


def _procedure(
    row: dict[str, str], field_of_work: Field, code: str, name: str, variant: int, random: Random
) -> Procedure:
    limit = float(row["limit"].replace(",", "."))
    return Procedure(
        code=code,
        name=name,
        field=field_of_work,
        levels=tuple(LEVELS[letter] for letter in row["levels"]),
        limit=limit,
        limit_unit=LIMIT_UNITS[row["unit"]],
        fee=int(row["fee"]),
        charge=int(row["charge"]),
        has_paper_result=row["paper"] == "1",
        audiences=tuple(AUDIENCES[letter] for letter in row["who"]),
        weight=float(row["weight"]) * SHARE_OF_LATER_VARIANT ** (variant > 0),
        online_level=ONLINE_LEVELS.get(row["online"], ""),
        boundary_free="B" in row["flags"],
        linked="L" in row["flags"],
        vertical="V" in row["flags"],
        texts=_texts(field_of_work, limit, random),
        states=[],
    )


def _texts(field_of_work: Field, limit: float, random: Random) -> dict[str, str]:
    texts = {
        "TrinhTuThucHien": "Bước 1: Nộp hồ sơ tại Bộ phận Một cửa hoặc trên Cổng Dịch vụ công.\n"
        f"Bước 2: {field_of_work.departments['xa']} thẩm định hồ sơ trong {limit:g} ngày.\n"
        "Bước 3: Trả kết quả.",
        "CachThucThucHien": "Trực tiếp; Trực tuyến; Dịch vụ bưu chính",
        "ThanhPhanHoSo": "; ".join(field_of_work.parts),
        "CoQuanThucHien": "Ủy ban nhân dân cấp xã hoặc cơ quan chuyên môn cấp tỉnh",
    }
    if random.random() < 0.06:
        texts[random.choice(list(texts))] = ""
    return texts


def _set_first_states(procedures: list[Procedure], random: Random) -> None:
    rare = [procedure for procedure in procedures if procedure.weight < RARE]
    unused = random.sample(rare, WAITING_TO_BE_ANNOUNCED + REPEALED)
    for procedure in procedures:
        procedure.states = [(0, "cong_khai" if random.random() < 0.8 else "cong_khai_sua_doi")]
    for procedure in unused[:REPEALED]:
        procedure.states, procedure.weight = [(0, "bai_bo")], 0.0
    for procedure in unused[REPEALED:]:
        procedure.states, procedure.weight = [(0, "chua_cong_khai")], 0.0
