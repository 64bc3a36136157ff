"""The portal's own answers as rows of portal_scores (contract of exports, "The portal answers")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]

# Of the answers that list metrics: the group whose total they tell.
_LISTED = {"transparency": "CKMB", "handling-satisfaction": "MDHL", "dossier-digitized": "MDSH"}
# Of the trees: the group, and the counts of the rule book's last column as numerator, denominator.
_TREES = {
    "dvc-progress-tree": ("TDGQ", [("totalOnTime", "totalReceived")]),
    "provide-online-tree": (
        "ONLINE",
        [
            ("(partialCount + fullCount)", "authorityCount"),
            ("onlineDossierCount", "onlineServiceTotal"),
            ("channelOnlineSum", "channelTotalSum"),
        ],
    ),
    "formality-online-payment-tree": (
        "TTTT",
        [
            ("totalFeeDossierFormality", "totalFeeFormality"),
            ("totalDossierOnlineFormalityPaymentSuccess", "totalFeeFormality"),
            ("totalDossierOnlinePaymentSuccess", "totalDossierFinancialObligation"),
        ],
    ),
}


def rows_of(file_name: str, answer: Row) -> Iterator[Row]:
    """The rows that say anything, values as texts, those that are null left out."""
    endpoint, period = file_name.removesuffix(".json").split("_")[:2]
    for row in _rows(endpoint, answer["data"]):
        figures = {name: row[name] for name in ("numerator", "denominator", "ratio", "score")}
        if any(value is not None for value in figures.values()):
            given = row | {"period": period}
            yield {name: str(value) for name, value in given.items() if value is not None}


def _rows(endpoint: str, data: Any) -> Iterator[Row]:
    if endpoint in _LISTED:
        for unit in [data["overview"], *data["evaluation"]]:
            for metric in unit["metrics"]:
                yield _row(unit, metric["code"], metric | {"max_score": metric["maxScore"]})
            group = {"score": unit["totalScore"], "max_score": unit["totalMaxScore"]}
            yield _row(unit, f"GROUP_{_LISTED[endpoint]}", group)
    elif endpoint in _TREES:
        group_code, counts = _TREES[endpoint]
        for unit in [data["parent"], *data["children"]]:
            for over, under in counts:
                figures = {"numerator": _sum(unit, over), "denominator": unit[under]}
                yield _row(unit, f"{over} / {under}", figures)
            if "avgProcessingDays" in unit:
                yield _row(unit, "avgProcessingDays", {"ratio": unit["avgProcessingDays"]})
            yield _row(unit, f"GROUP_{group_code}", {"score": unit["totalScore"]})
    else:
        for unit in data:
            yield _row(unit, "TOTAL", {"score": unit["totalScore"]})
            for group_code, score in (unit.get("groupScores") or {}).items():
                shown = "ONLINE" if group_code == "CLGQ" else group_code
                yield _row(unit, f"GROUP_{shown}", {"score": score})


def _sum(unit: Row, names: str) -> int:
    """``(a + b)``, or one name."""
    return sum(unit[name] for name in names.strip("()").split(" + "))


def _row(unit: Row, code: str, figures: Row) -> Row:
    shown = ("numerator", "denominator", "ratio", "score", "max_score")
    return {
        "unit_code": unit["departmentCode"],
        "unit_name": unit.get("departmentName"),
        "unit_level": unit.get("childGroup") or unit.get("level"),
        "metric": code,
    } | {name: figures.get(name) for name in shown}
