# The image runs what `make run` runs: the locked dependencies, the migrations, the packs under rules/, one worker.
FROM python:3.11-slim AS build
WORKDIR /srv/mingjian
COPY requirements.lock requirements-build.lock pyproject.toml README.md ./
COPY scripts scripts
COPY app app
RUN sh scripts/setup.sh requirements.lock

FROM python:3.11-slim
RUN useradd --system --home-dir /srv/mingjian mingjian && install -d -o mingjian /var/lib/mingjian
WORKDIR /srv/mingjian
COPY --from=build /srv/mingjian/.venv .venv
COPY app app
COPY migrations migrations
COPY rules rules
COPY pyproject.toml README.md ./
USER mingjian
ENV PATH=/srv/mingjian/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MINGJIAN_HOST=0.0.0.0 \
    MINGJIAN_DATA_DIR=/var/lib/mingjian
VOLUME /var/lib/mingjian
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["mingjian", "serve"]
