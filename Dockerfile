# One image for every component, made from this checkout by the launcher that every machine uses.
FROM python:3.12-slim

RUN useradd --create-home --uid 50000 chiso \
    && mkdir /app /data && chown chiso:chiso /app /data
USER chiso
WORKDIR /app
COPY --chown=chiso:chiso . .
RUN ./chiso --help

ENV CHISO_HOME=/data
ENTRYPOINT ["/app/.venv/bin/python", "-P"]
