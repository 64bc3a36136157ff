"""What the datasets' SQL is given by name: ``{{ period_name('score') }}`` in assets/datasets."""

from __future__ import annotations

from collections.abc import Callable


def words(home_unit: str) -> dict[str, Callable[[str], str]]:
    """Name -> what writes the expression for a table's alias; ``home_unit``: its unit code."""
    quoted = "'" + home_unit.replace("'", "''") + "'"

    def home_first(alias: str) -> str:
        """0 for the home unit, 1 for any other: what a filter offers first."""
        return f"case when {alias}.unit_code = {quoted} then 0 else 1 end"

    return {
        "home_first": home_first,
        "period_name": _period_name,
        "period_order": _period_order,
        "unit_label": _unit_label,
    }


def _period_name(alias: str) -> str:
    """As ``chiso766.period`` writes it: Tháng 11/2026, Quý IV/2026, Năm 2026."""
    start = f"{alias}.period_start"
    year = f"to_char({start}, 'YYYY')"
    quarter = f"(array['I', 'II', 'III', 'IV'])[extract(quarter from {start})::integer]"
    return (
        f"case {alias}.period_type when 'month' then 'Tháng ' || to_char({start}, 'FMMM/YYYY')"
        f" when 'quarter' then 'Quý ' || {quarter} || '/' || {year}"
        f" when 'year' then 'Năm ' || {year} end"
    )


def _period_order(alias: str) -> str:
    """Newest first, and of those that begin together the shortest first."""
    days = f"({alias}.period_start - date '2000-01-01')"
    shortness = f"case {alias}.period_type when 'month' then 2 when 'quarter' then 1 else 0 end"
    return f"{days} * 3 + {shortness}"


def _unit_label(alias: str) -> str:
    """UBND Phường Nhị Chiểu (H24.999): of two units of one name a filter would show the sum."""
    return f"{alias}.unit_name || ' (' || {alias}.unit_code || ')'"
