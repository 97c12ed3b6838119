import { spawnSync } from 'node:child_process'
import { chromium, type Browser } from 'playwright-core'

/** Debian's names for the browser, the small one first. */
const NAMES = ['chromium-headless-shell', 'chromium']

/** Starts the Chromium of this machine. @throws when there is none. */
export async function startBrowser(): Promise<Browser> {
  const name = NAMES.find(
    (candidate) => spawnSync(candidate, ['--version'], { stdio: 'ignore' }).status === 0,
  )
  if (name === undefined) throw new Error(`these tests need one of ${NAMES.join(', ')}`)
  const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
  // Without a sandbox, as root has none, and with files in place of shared memory, of which
  // containers have little.
  return chromium.launch({
    executablePath: stdout.trim(),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: 100_000,
  })
}
