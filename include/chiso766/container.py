"""The entrypoint of the image: ``python -m chiso766.container PROGRAM ARGUMENT …``.

Puts Airflow's settings, and the secrets that are files, into the environment and becomes PROGRAM.
"""

from __future__ import annotations

import sys

from chiso766 import airflow_env

if __name__ == "__main__":
    airflow_env.become(*sys.argv[1:])
