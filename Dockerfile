# syntax=docker/dockerfile:1

# Bookworm in full has the C compiler that makes @chihaya/udp-batch; the image itself does without.
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
# A number, so that Kubernetes can see that it is not root. The tracker writes no file and owns none.
USER 10001:10001
WORKDIR /
EXPOSE 6969/tcp 6969/udp 6880/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:6880/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The tracker handles its signals and starts no processes, so it can be the first one itself.
ENTRYPOINT ["node", "/opt/chihaya/dist/main.js"]
CMD ["--config", "/etc/chihaya.yaml", "--json"]
