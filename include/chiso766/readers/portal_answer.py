"""``.json`` of ``portal_scores``: what the National Public Service Portal answered, or rows.

An answer (contract/exports.md, "The portal answers …") is taken whole or refused: read in part, or
after its schema changed, it would put nothing in the place of what was published before.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chiso766.readers import json_message
from chiso766.readers.encoding import require_utf_8
from chiso766.readers.export import Export, Refused
from chiso766.readers.json_text import Broken, parse
from chiso766.sources import Source

LARGEST = 32 << 20
"""Bytes of an answer; it is held in memory."""

_NAME = re.compile(
    r"(?P<endpoint>[^_]+)_(?P<period>[12]\d{3}(?:-year|-Q[1-4]|-(?:0[1-9]|1[0-2]))?)(?:_.*)?\.json",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# No count, percent or score comes near it.
_TOO_LARGE = 10**15

_Object = Mapping[str, object]
_Number = Decimal | int | None
_Row = dict[str, object]


@dataclass(frozen=True)
class _Metric:
    """What a tree tells under ``code``, each the sum of the keys named; of no key: nothing."""

    code: str
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    ratio: tuple[str, ...] = ()

    @property
    def counts(self) -> tuple[str, ...]:
        return self.numerator + self.denominator


# Endpoints that list their metrics -> the group whose score they tell.
_LISTED = {
    "transparency": "GROUP_CKMB",
    "handling-satisfaction": "GROUP_MDHL",
    "dossier-digitized": "GROUP_MDSH",
}
# Endpoints that tell the counts of a tree of units -> the group, and the metrics of the counts.
_TREES = {
    "dvc-progress-tree": (
        "GROUP_TDGQ",
        (
            _Metric("totalOnTime / totalReceived", ("totalOnTime",), ("totalReceived",)),
            _Metric("avgProcessingDays", ratio=("avgProcessingDays",)),
        ),
    ),
    "provide-online-tree": (
        "GROUP_ONLINE",
        (
            _Metric(
                "(partialCount + fullCount) / authorityCount",
                ("partialCount", "fullCount"),
                ("authorityCount",),
            ),
            _Metric(
                "onlineDossierCount / onlineServiceTotal",
                ("onlineDossierCount",),
                ("onlineServiceTotal",),
            ),
            _Metric(
                "channelOnlineSum / channelTotalSum", ("channelOnlineSum",), ("channelTotalSum",)
            ),
        ),
    ),
    "formality-online-payment-tree": (
        "GROUP_TTTT",
        (
            _Metric(
                "totalFeeDossierFormality / totalFeeFormality",
                ("totalFeeDossierFormality",),
                ("totalFeeFormality",),
            ),
            _Metric(
                "totalDossierOnlineFormalityPaymentSuccess / totalFeeFormality",
                ("totalDossierOnlineFormalityPaymentSuccess",),
                ("totalFeeFormality",),
            ),
            _Metric(
                "totalDossierOnlinePaymentSuccess / totalDossierFinancialObligation",
                ("totalDossierOnlinePaymentSuccess",),
                ("totalDossierFinancialObligation",),
            ),
        ),
    ),
}
_RESULTS = "service-results"
ENDPOINTS = (_RESULTS, *_LISTED, *_TREES)

# The groups in the totals of a province; the Portal calls the online group CLGQ there.
_GROUPS = {
    "CKMB": "GROUP_CKMB",
    "TDGQ": "GROUP_TDGQ",
    "CLGQ": "GROUP_ONLINE",
    "MDSH": "GROUP_MDSH",
    "MDHL": "GROUP_MDHL",
    "TTTT": "GROUP_TTTT",
}


def read(file: io.BufferedReader, file_name: str, source: Source) -> Export:
    """The rows of an answer, whose endpoint and period the name of the file tells.

    A file of rows with the fields of the source is read as those of every other source, whatever
    its name. Raises ``Refused``.
    """
    require_utf_8(file)
    start = file.tell()
    content = file.read(LARGEST + 1)
    document = None
    if not content.lstrip().startswith(b"["):
        document = _document(content)
    if document is None or _holds_rows(document):
        file.seek(start)
        return json_message.read(file, source)
    name = _NAME.fullmatch(file_name)
    if name is None or name["endpoint"] not in ENDPOINTS:
        raise Refused(
            "không mang tên của một câu trả lời của Cổng DVCQG: hãy đặt tên <bảng>_<kỳ>.json, bảng"
            f" là một trong {', '.join(ENDPOINTS)}, kỳ như 2026-11, 2026-Q4 hoặc 2026."
        )
    rows = list(_rows(name["endpoint"], _data(document)))
    for row in rows:
        row |= {"source": name["endpoint"], "period": name["period"]}
    return Export(lines=iter(enumerate(rows, 1)), form="câu trả lời của Cổng DVCQG, JSON, UTF-8")


def _document(content: bytes) -> _Object | None:
    """The whole object; None where it is of rows that are better read one by one."""
    if len(content) > LARGEST:
        problem = (
            f"lớn hơn {LARGEST >> 20} MiB, quá lớn với một câu trả lời của Cổng DVCQG: hãy lấy lại"
            " theo từng trang."
        )
    else:
        try:
            document = parse(content)
        except Broken:
            problem = (
                "không phải một tài liệu JSON trọn vẹn (hỏng hoặc bị cắt): hãy lấy lại câu trả lời"
                " của Cổng DVCQG."
            )
        else:
            if isinstance(document, dict):
                return document
            problem = "không phải một đối tượng JSON: hãy lấy lại câu trả lời của Cổng DVCQG."
    if b'"unit_code"' in content:
        return None
    raise Refused(problem)


def _holds_rows(document: _Object) -> bool:
    data = document.get("data")
    if not isinstance(data, list) or "code" in document:
        return False
    return not any(isinstance(each, dict) and "departmentCode" in each for each in data)


def _data(document: _Object) -> object:
    if document.get("code") != "OK":
        raise _strange("không báo thành công (code khác OK)")
    if document.get("data") is None:
        raise _strange("không có dữ liệu (data trống)")
    return document["data"]


def _rows(endpoint: str, data: object) -> Iterator[_Row]:
    if endpoint in _LISTED:
        return _listed(data, _LISTED[endpoint])
    if endpoint in _TREES:
        return _tree(data, *_TREES[endpoint])
    return _results(data)


def _listed(data: object, group: str) -> Iterator[_Row]:
    if not isinstance(data, dict) or "overview" not in data:
        raise _strange("không có data.overview")
    units = _objects(data.get("evaluation"), "data.evaluation")
    overview = data["overview"]
    if isinstance(overview, dict) and overview.get("departmentCode") is not None:
        units = [{"metrics": [], **overview}, *units]
    metrics = [(unit, _objects(unit.get("metrics"), "metrics")) for unit in units]
    _require(("numerator", "denominator", "score"), [metric for _, of in metrics for metric in of])
    for unit, of_unit in metrics:
        for metric in of_unit:
            yield from _given(
                unit,
                _text(metric, "code"),
                numerator=_number(metric, "numerator"),
                denominator=_number(metric, "denominator"),
                ratio=_number(metric, "ratio"),
                score=_number(metric, "score"),
                max_score=_number(metric, "maxScore"),
            )
        yield from _given(
            unit,
            group,
            score=_number(unit, "totalScore"),
            max_score=_number(unit, "totalMaxScore"),
        )


def _tree(data: object, group: str, metrics: Sequence[_Metric]) -> Iterator[_Row]:
    units = _parent_and_children(data)
    _require([key for metric in metrics for key in metric.counts], units)
    for unit in units:
        for metric in metrics:
            yield from _given(
                unit,
                metric.code,
                numerator=_sum(unit, metric.numerator),
                denominator=_sum(unit, metric.denominator),
                ratio=_sum(unit, metric.ratio),
            )
        yield from _given(unit, group, score=_number(unit, "totalScore"))


def _results(data: object) -> Iterator[_Row]:
    units = _objects(data, "data") if isinstance(data, list) else _parent_and_children(data)
    _require(("totalScore",), units)
    groups = [_group_scores(unit) for unit in units]
    _require(tuple(_GROUPS), [each for each in groups if each])
    for unit, scores in zip(units, groups, strict=True):
        yield from _given(unit, "TOTAL", score=_number(unit, "totalScore"))
        for name, code in _GROUPS.items():
            yield from _given(unit, code, score=_number(scores, name))


def _group_scores(unit: _Object) -> _Object:
    scores = unit.get("groupScores")
    if scores is None:
        return {}
    if not isinstance(scores, dict):
        raise _strange("có groupScores không phải một đối tượng")
    return scores


def _parent_and_children(data: object) -> list[_Object]:
    if not isinstance(data, dict) or "parent" not in data:
        raise _strange("không có data.parent")
    parents = [] if data["parent"] is None else _objects([data["parent"]], "data.parent")
    return [*parents, *_objects(data.get("children"), "data.children")]


def _objects(value: object, place: str) -> list[_Object]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _strange(f"có {place} không phải một mảng đối tượng")
    return value


def _require(keys: Sequence[str], objects: Sequence[_Object]) -> None:
    """A key that no object has was renamed: a count or score beside it must not be taken alone."""
    for key in keys:
        if objects and not any(key in each for each in objects):
            raise _strange(f"không có {key} ở đơn vị nào")


def _given(unit: _Object, code: str, **numbers: _Number) -> Iterator[_Row]:
    """The row of a metric; none where the Portal tells nothing, which hides nothing told before."""
    row: _Row = {
        "unit_code": _text(unit, "departmentCode"),
        "unit_name": _name(unit, "departmentName"),
        "unit_level": _name(unit, "childGroup") or _name(unit, "level"),
        "metric": code,
    }
    if any(value is not None for name, value in numbers.items() if name != "max_score"):
        yield {**row, **numbers}


def _text(given: _Object, key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _strange(f"có chỗ thiếu {key}")
    return value


def _name(unit: _Object, key: str) -> str | None:
    value = unit.get(key)
    return value if isinstance(value, str) else None


def _sum(unit: _Object, keys: Sequence[str]) -> _Number:
    parts = [_number(unit, key) for key in keys]
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _number(given: _Object, key: str) -> _Number:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _strange(f"có {key} không phải là số")
    if not 0 <= value < _TOO_LARGE:
        raise _strange(f"có {key} âm hoặc quá lớn")
    return value


def _strange(problem: str) -> Refused:
    return Refused(
        f"{problem}, nên không phải câu trả lời đã biết của Cổng DVCQG: số liệu đã nạp trước đó"
        " được giữ; hãy lấy lại, nếu vẫn vậy thì gửi tệp cho người phụ trách phần mềm."
    )
