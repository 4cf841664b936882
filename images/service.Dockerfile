# One image per service, and the sandbox: the context is the repository, SERVICE says which.
#
#   docker build -f images/service.Dockerfile --build-arg SERVICE=order-svc .    # or: make images
#
# BASE_IMAGE is any image with Python 3.11 or newer, pip and a shell; the shell is for building only.
ARG BASE_IMAGE=docker.io/library/python:3.12.13-slim-trixie
ARG SERVICE=order-svc

FROM ${BASE_IMAGE} AS dependencies
# The certificates of the base image; no times of the build in bytecode and metadata.
ENV UV_SYSTEM_CERTS=true UV_NO_CACHE=true PYC_INVALIDATION_MODE=UNCHECKED_HASH \
	UV_NO_INSTALLER_METADATA=true
WORKDIR /source
COPY requirements.lock ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.txt \
	&& python3 -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
	--require-hashes -r uv.txt
# What the kit needs, at the versions and with the hashes of the lock. Nothing of a single service
# is known yet, so that all images share this layer.
COPY kit/pyproject.toml kit/
RUN uv pip install --target /app/lib --compile-bytecode --require-hashes \
	-c requirements.lock -r kit/pyproject.toml

FROM dependencies AS member
ARG SERVICE
COPY kit kit
COPY ${SERVICE} ${SERVICE}
# uv brings the build backend of our packages, so nothing more is fetched.
RUN uv pip install --target /app/own --compile-bytecode --no-deps --no-sources --offline ./kit "./${SERVICE}"

FROM ${BASE_IMAGE} AS runtime
RUN ["python3", "-B", "-m", "pip", "uninstall", "--yes", "--quiet", "--root-user-action=ignore", "pip"]
COPY --from=dependencies /app/lib /app/lib
ENV PYTHONPATH=/app/own:/app/lib PYTHONUNBUFFERED=1
# Leaves bytecode of what this needs of the standard library, which base images come without: a
# service starts in two thirds of the CPU time.
RUN ["python3", "-c", "import aiohttp, dapr.ext.fastapi, fastapi, jwt, opentelemetry.sdk.trace, prometheus_client, sqlite3, structlog, tomllib, uvicorn.lifespan.on, uvloop"]
ENV PYTHONDONTWRITEBYTECODE=1
# A number, because Kubernetes cannot tell whether a name is root; nothing is written but to /tmp.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["python3"]

FROM runtime AS order-svc
CMD ["-m", "order_svc.main"]

FROM runtime AS payment-svc
CMD ["-m", "payment_svc.main"]

FROM runtime AS cafe-svc
CMD ["-m", "cafe_svc.main"]

FROM runtime AS mypage-svc
CMD ["-m", "mypage_svc.main"]

# Two programs, so which one is said where it is started: -m cafe_sandbox.identity --host 0.0.0.0
FROM runtime AS sandbox
CMD ["-c", "raise SystemExit('args: -m cafe_sandbox.payment_gateway, or -m cafe_sandbox.identity')"]

# hadolint ignore=DL3006
FROM ${SERVICE}
COPY --from=member /app/own /app/own
ARG SOURCE=""
ARG REVISION=""
ARG VERSION=""
LABEL org.opencontainers.image.source=${SOURCE} \
	org.opencontainers.image.revision=${REVISION} \
	org.opencontainers.image.version=${VERSION} \
	org.opencontainers.image.licenses=Apache-2.0
