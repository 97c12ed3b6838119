import { expect, it, vi } from 'vitest'
import { problemsOf } from './read-text.ts'

// All of our packages are installed here, so the test invents others.
vi.mock('../src/plugin/plugin-names.ts', () => ({
  STORAGE_PACKAGES: new Map([['tape', '@chihaya/storage-tape']]),
  HOOK_PACKAGES: new Map([['oracle', '@chihaya/middleware-oracle']]),
}))

it.each([
  [
    'storage:\n    name: tape',
    '4:11 chihaya.storage.name: "tape" is in the package @chihaya/storage-tape, which is not installed',
  ],
  [
    'prehooks:\n  - name: oracle',
    '4:11 chihaya.prehooks[0].name: "oracle" is in the package @chihaya/middleware-oracle, which is not installed',
  ],
])('a name of a package that is not installed is refused: %s', async (lines, problem) => {
  expect(await problemsOf(`chihaya:\n  udp: { addr: ":1" }\n  ${lines}\n`)).toContainEqual(problem)
})
