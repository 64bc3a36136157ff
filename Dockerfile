# One image for every component, built from this checkout by the launcher that every other machine uses.
FROM python:3.12-slim

# PostgreSQL's client programs are not needed: the package's own drivers speak to the server.
RUN useradd --create-home --uid 50000 chiso && mkdir /app /home/chiso/data && chown chiso /app /home/chiso/data
USER chiso
WORKDIR /app

# The environment first: it changes less often than the code.
COPY --chown=chiso chiso requirements.txt requirements-dev.txt requirements-bootstrap.txt ./
COPY --chown=chiso include/chiso766/__init__.py include/chiso766/errors.py include/chiso766/
RUN ./chiso --install-only
COPY --chown=chiso . .

ENV CHISO_HOME=/home/chiso/data
ENTRYPOINT ["/app/.venv/bin/python", "-P", "-m", "chiso766.airflow_env"]
