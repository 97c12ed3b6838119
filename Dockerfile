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
# Asks where the configuration and the environment put the metrics, or, without metrics, whether the tracker answers at all.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "/opt/chihaya/dist/main.js", "health", "--config", "/etc/chihaya.yaml"]
# The tracker handles its signals and starts no processes, so it can be the first one itself.
ENTRYPOINT ["node", "/opt/chihaya/dist/main.js"]
CMD ["--config", "/etc/chihaya.yaml", "--json"]
