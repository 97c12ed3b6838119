// Every key that Chihaya v2 knew, except those of hooks.
export const EVERY_KEY: string = `
---
chihaya:
  announce_interval: "45m"
  min_announce_interval: 20m
  metrics_addr: "0.0.0.0:6880"
  http:
    addr: "0.0.0.0:6969"
    https_addr: ""
    tls_cert_path: ""
    tls_key_path: ""
    read_timeout: "6s"
    write_timeout: "7s"
    enable_keepalive: yes
    idle_timeout: "1m30s"
    enable_request_timing: false
    announce_routes:
      - "/announce"
      - "/:passkey/announce"
    scrape_routes: [/scrape]
    allow_ip_spoofing: false
    real_ip_header: "x-real-ip"
    max_numwant: 90
    default_numwant: 40
    max_scrape_infohashes: 30
  udp:
    addr: "127.0.0.1:6969"
    max_clock_skew: "11s"
    private_key: "paste a random string here that will be used to hmac connection IDs"
    enable_request_timing: true
    allow_ip_spoofing: true
    max_numwant: 91
    default_numwant: 41
    max_scrape_infohashes: 31
  storage:
    name: "memory"
    config:
      gc_interval: "4m"
      peer_lifetime: "50m"
      shard_count: 1024
      prometheus_reporting_interval: "1s"
  prehooks:
  posthooks: []
`

/** The keys of the Helm chart and the release candidates. */
export const EARLY_FILE: string = `chihaya:
  announce_interval: 15m
  prometheus_addr: "0.0.0.0:6881"
  max_numwant: 50
  http:
    addr: 0.0.0.0:6969
    request_timeout: 5s
    enable_legacy_php_urls: true
    allow_ip_spoofing: true
    real_ip_header: X-Forwarded-For
    tls_cert_path: ""
    tls_key_path: ""
  storage:
    gc_interval: 14m
    peer_lifetime: 16m
    shards: 16
    shard_count: 16
  prehooks:
  - name: interval variation
    config:
      modify_response_probability: 0.5
      max_increase_delta: 60

  posthooks:
  - name: gossip
    config: { boostrap_node: "127.0.0.1:6881" }
`

/** A store that several trackers share, with sorted keys. */
export const REDIS_FILE: string = `chihaya:
  announce_interval: 30m
  http: { addr: 0.0.0.0:6969, announce_routes: [/announce], enable_keepalive: no, idle_timeout: 0s, max_numwant: 0 }
  metrics_addr: 0.0.0.0:6880
  prehooks: null
  storage:
    config:
      gc_interval: 3m
      peer_lifetime: 31m
      prometheus_reporting_interval: 1s
      redis_broker: redis://pwd@127.0.0.1:6379/0
      redis_connect_timeout: 15s
      redis_read_timeout: 15s
      redis_write_timeout: 15s
    name: redis
  udp: { addr: "0.0.0.0:6969", max_clock_skew: 10s, private_key: 0123456789, max_scrape_infohashes: 0 }
`

/** Hooks that Chihaya knew. */
export const HOOKS_FILE: string = `chihaya:
  udp: { addr: ":6969" }
  prehooks:
  - name: jwt
    options:
      issuer: https://issuer.com
      audience: https://chihaya.issuer.com
      jwk_set_url: https://issuer.com/keys
      jwk_set_update_interval: 5m
  - name: client approval
    options:
      whitelist: [OP1011]
  - name: torrent approval
    options:
      blacklist:
      - e1d2c3b4a5e1b2c3b4a5e1d2c3b4e5e1d2c3b4a5
  posthooks:
  - name: interval variation
    options: { modify_response_probability: 0.2, max_increase_delta: 60, modify_min_interval: true }
`
