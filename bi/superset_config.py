"""Superset's settings: what differs from its defaults, and why (found by SUPERSET_CONFIG_PATH).

Addresses and secrets come from ``settings.json`` in the folder CHISO_SUPERSET, which
``chiso766.superset`` writes; this file runs in Superset's own environment and imports nothing of
chiso766.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from flask import Flask, Response, request, send_file
from jinja2 import ChoiceLoader, FileSystemLoader

_BI = Path(__file__).resolve().parent
sys.path.append(str(_BI))
from interface_words import PACK, translations  # noqa: E402
from sql_words import words  # noqa: E402

_GIVEN = json.loads((Path(os.environ["CHISO_SUPERSET"]) / "settings.json").read_text())

SECRET_KEY = _GIVEN["secret_key"]
SQLALCHEMY_DATABASE_URI = _GIVEN["metadata_url"]
# Airflow's UI is on the same host, and cookies know no ports.
SESSION_COOKIE_NAME = "chiso_superset"

APP_NAME = "chiso766"
LOGO_TARGET_PATH = "/superset/dashboard/diem-766/"
LANGUAGES = {"vi": {"flag": "vn", "name": "Tiếng Việt"}, "en": {"flag": "us", "name": "English"}}
BABEL_DEFAULT_LOCALE = "vi"
BABEL_TRANSLATION_DIRECTORIES = f"translations;{translations()}"
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]}
_MONTHS = range(1, 13)
D3_TIME_FORMAT = {
    "dateTime": "%H:%M:%S %d/%m/%Y",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["SA", "CH"],
    "days": ["Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"],
    "shortDays": ["CN", "T2", "T3", "T4", "T5", "T6", "T7"],
    "months": [f"tháng {month}" for month in _MONTHS],
    "shortMonths": [f"th {month}" for month in _MONTHS],
}
THEME_DARK = None  # paper and screens of an office are light

# The words that the datasets' SQL uses.
FEATURE_FLAGS = {"ENABLE_TEMPLATE_PROCESSING": True}
JINJA_CONTEXT_ADDONS = words(_GIVEN["home_unit"])

# A query gives no more rows than a person, or a spreadsheet of one, can look through.
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
SUPERSET_WEBSERVER_TIMEOUT = 60

# Whoever guesses passwords is slowed down; a dashboard asks for all its charts at once.
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
RATELIMIT_APPLICATION = "500 per second"
AUTH_RATE_LIMIT = "10 per minute"

# Nothing is loaded from, or told to, another host.
CONTENT_SECURITY_POLICY_WARNING = False
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,  # on loopback; past it a proxy with a certificate stands before it
    "session_cookie_secure": False,
}


def FLASK_APP_MUTATOR(app: Flask) -> None:
    """Superset brings no Vietnamese, and does not tell telephones to take their own width."""
    app.jinja_loader = ChoiceLoader([FileSystemLoader(_BI / "templates"), app.jinja_loader])

    @app.before_request
    def vietnamese() -> Response | None:
        if request.path == "/superset/language_pack/vi/":
            return send_file(PACK, mimetype="application/json")
        return None
