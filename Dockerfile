# One image for every component, made from this checkout by the launcher that every machine uses.
FROM python:3.12-slim

RUN useradd --create-home --uid 50000 chiso \
    && mkdir /app /data && chown chiso:chiso /app /data
USER chiso
WORKDIR /app
COPY --chown=chiso:chiso . .
# Then what workers on several machines need; all is compiled, for the containers cannot write here.
RUN ./chiso --help \
    && .venv/bin/python -m pip install --no-deps --require-hashes --compile -r requirements-cluster.txt \
    && .venv/bin/python -m compileall -q include dags

ENV CHISO_HOME=/data PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1
ENTRYPOINT ["/app/.venv/bin/python", "-m", "chiso766.container"]
