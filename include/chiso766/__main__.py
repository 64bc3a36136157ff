"""``python -m chiso766``: what ./chiso runs."""

import sys

from chiso766.cli import main

sys.exit(main())
