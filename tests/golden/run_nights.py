"""Run the real steps for the given export days; a process of its own, as every night has."""

import sys
from datetime import date

from chiso766 import build, check, fetch, gate, warehouse

if __name__ == "__main__":
    warehouse.prepare()
    for night in map(date.fromisoformat, sys.argv[1:]):
        fetch.fetch_day(night)
        check.check_day(night)
    build.build_marts()
    gate.open_gate()
