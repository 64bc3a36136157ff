"""Units, their procedures and their online services."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from .exports import Known, Row, to_set

PUBLIC_PROCEDURE = ("cong_khai", "cong_khai_sua_doi")
PUBLIC_SERVICE = ("cong_khai", "cho_dung_cong_khai", "kiem_thu")
LEVELS = {"xa": frozenset({"xa"}), "so": frozenset({"tinh"}), "tinh": frozenset({"xa", "tinh"})}


class Catalogue:
    """What units are, and what they offer, in the newest version."""

    def __init__(self, exports: Known) -> None:
        self.units: dict[str, Row] = {row["MaDonVi"]: row for row in exports.newest("units")}
        self.procedures: dict[str, Row] = {
            row["MaTTHC"]: row for row in exports.newest("procedures")
        }
        self._services = [  # the public ones
            row
            for row in exports.newest("online_services")
            if row.get("TrangThai") in PUBLIC_SERVICE
        ]
        self._named_services = {row["MaDVC"] for row in self._services if row.get("MaDonVi")}
        self._of_unit: dict[str, set[str]] = {}
        self._public_services: dict[str, dict[str, str]] = {}
        self._named: dict[str, set[str]] = defaultdict(set)
        for row in exports.newest("unit_procedures"):
            self._named[row["MaDonVi"]].add(row["MaTTHC"])

    def lineage(self, unit: str) -> list[str]:
        """A known unit and all above it; nothing for an unknown one."""
        above: list[str] = []
        while unit in self.units and unit not in above:
            above.append(unit)
            unit = self.units[unit].get("MaDonViCha", "")
        return above

    def level(self, unit: str) -> str:
        level: str = self.units[unit]["Cap"]
        return level

    def province(self, unit: str) -> str | None:
        return next((one for one in self.lineage(unit) if self.level(one) == "tinh"), None)

    @cached_property
    def below(self) -> dict[str, list[str]]:
        """Every unit with itself and all units below it."""
        below: dict[str, list[str]] = {unit: [] for unit in self.units}
        for unit in self.units:
            for one in self.lineage(unit):
                below[one].append(unit)
        return below

    def children(self, unit: str) -> list[str]:
        return [one for one, row in self.units.items() if row.get("MaDonViCha") == unit]

    def of_unit(self, unit: str) -> set[str]:
        """The procedures of a unit and of those below it, each once."""
        if unit not in self._of_unit:
            below = (self._own_procedures(one) for one in self.below[unit])
            self._of_unit[unit] = set().union(*below)
        return self._of_unit[unit]

    def _own_procedures(self, unit: str) -> set[str]:
        public = {
            code
            for code, row in self.procedures.items()
            if row.get("TrangThai") in PUBLIC_PROCEDURE
        }
        if self.level(unit) != "tinh" and self._named.get(unit):
            return self._named[unit] & public
        return {code for code in public if self._is_of(unit, self.procedures[code])}

    def _is_of(self, unit: str, procedure: Row) -> bool:
        publisher = procedure.get("MaDonViCongBo")
        is_published_here = not publisher or publisher == self.province(unit)
        return is_published_here and self._has_level(unit, procedure)

    def _has_level(self, unit: str, procedure: Row) -> bool:
        return bool(LEVELS[self.level(unit)] & to_set(procedure.get("CapThucHien")))

    def public_services(self, unit: str) -> dict[str, str]:
        """The public services of a unit and those below it: service -> procedure."""
        if unit not in self._public_services:
            self._public_services[unit] = {
                row["MaDVC"]: row.get("MaTTHC", "")
                for row in self._services
                if any(self._applies(row, one) for one in self.below[unit])
            }
        return self._public_services[unit]

    def procedure_of_service(self, service: str) -> str | None:
        return next((row.get("MaTTHC") for row in self._services if row["MaDVC"] == service), None)

    def online_level(self, procedure: str) -> str:
        """The highest level of its public services."""
        levels = {
            row.get("MucDo")
            for row in self._services
            if row.get("MaTTHC") == procedure
            and (row.get("MaDonVi") or row["MaDVC"] not in self._named_services)
        }
        if "toan_trinh" in levels:
            return "full"
        return "partial" if "mot_phan" in levels else "none"

    def _applies(self, service: Row, unit: str) -> bool:
        if service.get("MaDonVi"):
            return bool(service["MaDonVi"] == unit)
        if service["MaDVC"] in self._named_services:
            return False
        procedure = self.procedures.get(service.get("MaTTHC", ""))
        return procedure is not None and self._has_level(unit, procedure)

    @cached_property
    def first_public_service(self) -> dict[str, str]:
        """The first public service, by code, of every procedure."""
        first: dict[str, str] = {}
        for row in self._services:
            if row.get("MaTTHC"):
                procedure = row["MaTTHC"]
                first[procedure] = min(row["MaDVC"], first.get(procedure, row["MaDVC"]))
        return first
