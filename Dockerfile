# One image for the web and the worker; the command says which.
FROM node:22-slim AS widget
WORKDIR /src/widget
COPY widget/package.json widget/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY LICENSE /src/
COPY widget/ ./
RUN npm run build

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/zeroten
COPY requirements/base.txt requirements/dev.txt requirements/
# The drivers of the second usage store and of shared limits come along, in the versions that are tested.
RUN pip install -r requirements/base.txt -c requirements/dev.txt clickhouse-connect redis
COPY pyproject.toml alembic.ini LICENSE ./
COPY backend/ backend/
COPY migrations/ migrations/
COPY --from=widget /src/widget/dist/ widget/dist/
RUN pip install --no-deps -e . && useradd --system --create-home zeroten && mkdir /data && chown zeroten /data
USER zeroten
ENV HOST=0.0.0.0 PORT=8000 ZEROTEN_DATA=/data
EXPOSE 8000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["zeroten", "serve"]
