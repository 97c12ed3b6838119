/** Chihaya's names of stores, and their packages. */
export const STORAGE_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['memory', '@chihaya/storage-memory'],
  ['redis', '@chihaya/storage-redis'],
])

/** Chihaya's names of hooks, further names in the same style, and their packages. */
export const HOOK_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['jwt', '@chihaya/middleware-jwt'],
  ['client approval', '@chihaya/middleware-clientapproval'],
  ['ip approval', '@chihaya/middleware-ipapproval'],
  ['torrent approval', '@chihaya/middleware-torrentapproval'],
  ['rate limit', '@chihaya/middleware-ratelimit'],
  ['interval variation', '@chihaya/middleware-varinterval'],
])
