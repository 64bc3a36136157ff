"""The entrypoint of the image: ``python -m chiso766.container PROGRAM ARGUMENT …``.

Puts Airflow's settings, and the secrets that are files, into the environment and becomes PROGRAM.
"""

from __future__ import annotations

import os
import sys

from chiso766 import airflow_env
from chiso766.errors import ChisoError

if __name__ == "__main__":
    try:
        airflow_env.apply()
        airflow_env.login_password()
    except ChisoError as error:
        sys.exit(str(error))
    os.execvp(sys.argv[1], sys.argv[1:])
