import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { run, type Outcome } from './run.ts'

const PATIENCE = 20_000
const PROGRAMS = '/opt/node/bin'
// An unknown user who owns nothing and has no privileges.
const STRANGER = [
  'setpriv',
  '--reuid=10001',
  '--regid=10001',
  '--clear-groups',
  '--bounding-set=-all',
  '--inh-caps=-all',
]
const ENVIRONMENT = { PATH: `${PROGRAMS}:/usr/bin:/bin`, NODE_ENV: 'production' }

export interface ContainerFiles {
  /** Files and folders outside, by their path inside. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * A command in a makeshift container. It has a read-only root with the system's libraries, Node.js
 * and the given files, and a private network. It runs as PID 1 and as a user without privileges.
 */
export class Container {
  output = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #status = ''

  constructor(command: readonly string[], { files }: ContainerFiles) {
    // By default bubblewrap creates folders that only its own user may enter.
    const folders = ['/etc', '/opt', '/opt/node', PROGRAMS].flatMap((path) => [
      '--perms',
      '0755',
      '--dir',
      path,
    ])
    const system = ['/usr', '/lib', '/lib64', '/bin', '/etc/ld.so.cache', '/etc/passwd'].flatMap(
      (path) => ['--ro-bind-try', path, path],
    )
    const own = Object.entries({ ...files, [`${PROGRAMS}/node`]: process.execPath }).flatMap(
      ([inside, outside]) => ['--ro-bind', outside, inside],
    )
    const environment = Object.entries(ENVIRONMENT).flatMap(([name, value]) => [
      '--setenv',
      name,
      value,
    ])
    const root = [
      ...folders,
      ...system,
      ...own,
      '--dev',
      '/dev',
      '--proc',
      '/proc',
      '--chdir',
      '/',
      '--remount-ro',
      '/',
    ]
    const limits = [
      '--unshare-net',
      '--unshare-pid',
      '--unshare-ipc',
      '--as-pid-1',
      '--die-with-parent',
      '--clearenv',
      ...environment,
    ]
    const user = process.getuid?.() === 0 ? [...STRANGER, '--no-new-privs', '--'] : []
    // Capabilities to switch the user, dropped afterwards.
    const rights = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((right) => [
      '--cap-add',
      right,
    ])
    const args = ['--json-status-fd', '3', ...rights, ...root, ...limits, '--', ...user, ...command]
    this.#child = spawn('bwrap', args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
    const [, out, err, status] = this.#child.stdio as ReadonlyArray<NodeJS.ReadableStream>
    out?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    err?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    status?.setEncoding('utf8').on('data', (text: string) => (this.#status += text))
    this.#ended = once(this.#child, 'close')
    onTestFinished(async () => {
      // The change of user has disabled `--die-with-parent`.
      if (this.#child.exitCode === null && this.#pid() > 0) this.signal('SIGKILL')
      this.#child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Waits for output that matches. @throws if the command ends before. */
  async prints(pattern: RegExp): Promise<void> {
    for (let waited = 0; waited < PATIENCE && !pattern.test(this.output); waited += 20) {
      if (this.#child.exitCode !== null) break
      // oxlint-disable-next-line no-await-in-loop
      await delay(20)
    }
    if (!pattern.test(this.output))
      throw new Error(`no ${pattern.source} in the output:\n${this.output}`)
  }

  /** Runs Node.js in the container's network. */
  async node(...args: readonly string[]): Promise<Outcome> {
    return run('nsenter', [`--net=/proc/${this.#pid()}/ns/net`, process.execPath, ...args])
  }

  /** Runs a command inside the container, as Docker runs a health check. */
  async exec(command: readonly string[]): Promise<Outcome> {
    const isRoot = process.getuid?.() === 0
    const user = isRoot ? [...STRANGER, '--no-new-privs', '--'] : []
    const places = [
      '--mount',
      '--net',
      '--pid',
      '--root',
      '--wd',
      ...(isRoot ? [] : ['--user', '--preserve-credentials']),
    ]
    const environment = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`)
    return run('nsenter', [
      '--target',
      String(this.#pid()),
      ...places,
      '--',
      'env',
      '-i',
      ...environment,
      ...user,
      ...command,
    ])
  }

  /** The uids and capabilities of PID 1, as in `/proc`. */
  async credentials(): Promise<string> {
    return (
      await run('grep', ['-E', '^(Uid|Cap(Prm|Eff|Bnd)|NoNewPrivs)', `/proc/${this.#pid()}/status`])
    ).stdout
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.#pid(), name)
  }

  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  #pid(): number {
    return Number(/"child-pid": (\d+)/.exec(this.#status)?.[1] ?? 0)
  }
}
