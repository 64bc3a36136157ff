"""GX's ``unexpected_rows_expectation``, which runs its SQL once and not twice.

The original also fetches rows to show them; here only their number is asked for (``suites.py``).
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.expectations import UnexpectedRowsExpectation

_COUNT = "unexpected_rows_query.row_count"


class CountedRowsExpectation(UnexpectedRowsExpectation):  # type: ignore[misc]
    """Fails where the SQL selects a row."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (_COUNT,)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        return {"success": metrics[_COUNT] == 0}
