import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

// Sources are resolved by their own export condition, so that tests need no build and coverage maps
// to TypeScript.
const conditions = ['@chihaya/source']

// End-to-end tests set up hosts and links. `npm test` gives them a network of their own to do it
// in.
const endToEnd = process.env['CHIHAYA_PRIVATE_NETWORK'] === '1' ? [] : ['internal/e2e/test/**']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,apps,internal}/*/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...endToEnd],
    // Real clients and sockets spend their time waiting for each other. CI machines are shared.
    maxWorkers: (process.env['CI'] === undefined ? 3 : 2) * availableParallelism(),
    // A bound for what hangs, not a measure: a busy machine takes many times as long as a quiet
    // one.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { lines: 95 },
    },
  },
})
