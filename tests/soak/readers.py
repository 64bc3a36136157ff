"""50 people who read the marts again and again: ``python -m tests.soak.readers PAUSE``.

Each waits PAUSE seconds before a read. When the input ends, one line of JSON says what they found.
Each statement reads several marts: it is torn where they are not all of one publication.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter

import psycopg

from chiso766 import database

PEOPLE = 50
_MARTS = ("fct_scorecard", "fct_group_score", "fct_indicator")
_EACH = ", ".join(f"(select max(as_of)::date::text from marts.{mart})" for mart in _MARTS)
_AT_ONCE = f"select {_EACH}"


class Reader(threading.Thread):
    """One who reads; ``seen``: what was found, and how often; ``failures``: what went wrong."""

    def __init__(self, number: int, over: threading.Event, pause: float) -> None:
        super().__init__()
        self.seen: Counter[tuple[str | None, ...]] = Counter()
        self.failures: list[str] = []
        self._account = ("chiso_bi", "chiso_analyst")[number % 2]
        self._over = over
        self._pause = pause

    def run(self) -> None:
        with database.connect(self._account, autocommit=True) as connection:
            while not self._over.wait(self._pause):
                try:
                    self.seen[self._read(connection)] += 1
                except psycopg.Error as error:
                    self.failures.append(str(error))

    def _read(self, connection: psycopg.Connection) -> tuple[str | None, ...]:
        [row] = connection.execute(_AT_ONCE.encode())
        return tuple(row)


def main() -> None:
    over = threading.Event()
    pause = float(sys.argv[1])
    readers = [Reader(number, over, pause) for number in range(PEOPLE)]
    for reader in readers:
        reader.start()
    sys.stdin.read()
    over.set()
    for reader in readers:
        reader.join()
    seen = sum((reader.seen for reader in readers), Counter())
    report = {
        "reads": seen.total(),
        "torn": sum(number for days, number in seen.items() if len(set(days)) > 1),
        "days": sorted({day for days in seen for day in days if day}),
        "failures": [text for reader in readers for text in reader.failures],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
