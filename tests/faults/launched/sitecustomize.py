"""Python imports this before anything else where this folder is in PYTHONPATH."""

import atexit
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from injection import A_STEP, Fault, Injection

sys.path.pop(0)


def note() -> None:
    """Of the one process that ran the steps."""
    if any(event.startswith(A_STEP) for event in injection.events):
        Path(os.environ["CHISO_COUNTED"]).write_text(json.dumps(injection.events))


fault = json.loads(os.environ["CHISO_FAULT"])
injection = Injection(Path(os.environ["CHISO_HOME"]), Fault(**fault) if fault else None)
injection.install()
atexit.register(note)
