"""Whether a part of Airflow is healthy, as its API server says: ``python -m chiso766.health PART``.

For the health checks of containers: it imports nothing that takes its time, and says it by its exit
code. Parts: ``metadatabase``, ``scheduler``, ``triggerer``, ``dag_processor``.
"""

from __future__ import annotations

import json
import os
import sys
from urllib.parse import urljoin
from urllib.request import urlopen

_TIMEOUT_S = 10


def is_healthy(part: str) -> bool:
    """Ask the API server that tasks report to; an ``OSError`` where it does not answer."""
    execution_url = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    with urlopen(urljoin(execution_url, "/api/v2/monitor/health"), timeout=_TIMEOUT_S) as answer:
        health = json.load(answer)
    return bool(health[part]["status"] == "healthy")


if __name__ == "__main__":
    sys.exit(not is_healthy(sys.argv[1]))
