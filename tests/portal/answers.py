"""What the portal answers, in the shapes of contract/exports.md; the figures are made up."""

from __future__ import annotations

from typing import Any

Answer = dict[str, Any]

LISTED = {
    "transparency": ("PUBLISH_ON_TIME", "DOSSIER_SYNC"),
    "handling-satisfaction": ("PETITION_PROCESSING_ON_TIME", "DOSSIER_RECEIVING_SATISFACTION"),
    "dossier-digitized": ("ORIGINAL_RESULT_AVAILABLE", "ELECTRONIC_CERTIFIED_COPY"),
}
TREES: dict[str, dict[str, Any]] = {
    "dvc-progress-tree": {
        "totalOnTime": 2050,
        "totalReceived": 2228,
        "avgProcessingDays": 2.16,
        "totalScore": 18.4,
    },
    "provide-online-tree": {
        "partialCount": 31,
        "fullCount": 21,
        "authorityCount": 56,
        "onlineDossierCount": 158,
        "onlineServiceTotal": 286,
        "channelOnlineSum": 1439,
        "channelTotalSum": 2000,
        "totalScore": 8.21,
    },
    "formality-online-payment-tree": {
        "totalFeeDossierFormality": 52,
        "totalFeeFormality": 61,
        "totalDossierOnlineFormalityPaymentSuccess": 48,
        "totalDossierOnlinePaymentSuccess": 823,
        "totalDossierFinancialObligation": 1166,
        "totalScore": 8.2,
    },
}
GROUP_SCORES = {"CKMB": 15.38, "TDGQ": 18.4, "CLGQ": 8.21, "MDSH": 15.11, "MDHL": 14.67, "TTTT": 8}
CITY, WARD, AGENCY = "H24", "H24.999", "H24.15"
ENDPOINTS = ("service-results", *LISTED, *TREES)


def ok(data: Any) -> Answer:
    return {"code": "OK", "data": data, "message": None}


def metric(code: str, **fields: Any) -> Answer:
    figures = {"numerator": 1943, "denominator": 2018, "ratio": 96.28, "score": 5.78, "maxScore": 6}
    return {"code": code, "name": "Tỷ lệ", **figures, **fields}


def listed_unit(endpoint: str, code: str = WARD, **fields: Any) -> Answer:
    given = {
        "departmentCode": code,
        "departmentName": "UBND phường Nhị Chiểu",
        "totalScore": 15.38,
        "totalMaxScore": 18,
        "metrics": [metric(each) for each in LISTED[endpoint]],
    }
    return given | fields


def tree_unit(endpoint: str, code: str = WARD, **fields: Any) -> Answer:
    return {"departmentCode": code, "level": "COMMUNE", **TREES[endpoint], **fields}


def result(code: str = WARD, **fields: Any) -> Answer:
    given = {
        "departmentCode": code,
        "departmentName": "UBND phường Nhị Chiểu",
        "totalScore": 79.97,
        "ratio": 79.97,
        "scoreDelta": -0.5,
        "childGroup": "COMMUNE",
    }
    return given | fields


def answer(endpoint: str, codes: tuple[str, ...] = (WARD,)) -> Answer:
    """A good answer about the city and the units below it."""
    if endpoint in LISTED:
        evaluation = [listed_unit(endpoint, code) for code in codes]
        return ok({"overview": listed_unit(endpoint, CITY), "evaluation": evaluation})
    if endpoint in TREES:
        children = [tree_unit(endpoint, code) for code in codes]
        return ok({"parent": tree_unit(endpoint, CITY, level="PROVINCE"), "children": children})
    return ok([result(code) for code in codes])
