#!/bin/sh
# What Superset's container runs: the assets are brought in, then it is served on every address of the container.
set -eu
cd "$(dirname "$0")/.."
python bi/prepare.py
exec python -m gunicorn --worker-class=gthread --threads=8 --timeout=90 --no-control-socket --bind=0.0.0.0:8088 'superset.app:create_app()'
