# syntax=docker/dockerfile:1

# The full image has the C compiler for @chihaya/udp-batch. The final image needs none.
FROM node:24-bookworm AS build
WORKDIR /src
COPY . .
RUN CHIHAYA_NODE=system node scripts/assemble.mjs /opt/chihaya

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Chihaya" \
      org.opencontainers.image.description="A BitTorrent tracker" \
      org.opencontainers.image.source="https://github.com/chihaya/chihaya-node" \
      org.opencontainers.image.licenses="BSD-2-Clause"
COPY --from=build /opt/chihaya /opt/chihaya
COPY deploy/docker/chihaya.yaml /etc/chihaya.yaml
ENV NODE_ENV=production
# Numeric, so that Kubernetes can verify that it is not root. The tracker owns and writes no files.
USER 10001:10001
WORKDIR /
EXPOSE 6969/tcp 6969/udp 6880/tcp
STOPSIGNAL SIGTERM
# Queries the configured metrics address, or the tracker itself if metrics are off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "/opt/chihaya/dist/main.js", "health", "--config", "/etc/chihaya.yaml"]
# The tracker handles signals and starts no processes, so it can run as PID 1.
ENTRYPOINT ["node", "/opt/chihaya/dist/main.js"]
CMD ["--config", "/etc/chihaya.yaml", "--json"]
