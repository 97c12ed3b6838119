import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { run, type Outcome } from './run.ts'

const PATIENCE = 20_000
const PROGRAMS = '/opt/node/bin'
// A stranger to the system: owner of nothing, with no right that root has.
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
  /** What stands at these paths inside. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * A command in something like a container: a root of its own that nobody can write to, with the
 * system's libraries, Node.js and these files in it; a network of its own; as the first process;
 * and as a user who may do nothing.
 */
export class Container {
  output = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #status = ''

  constructor(command: readonly string[], { files }: ContainerFiles) {
    // Folders that others may enter: bubblewrap makes its own for itself alone.
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
    // What it takes to become that user, and nothing after.
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
      // Becoming another user has undone what would end it together with bubblewrap.
      if (this.#child.exitCode === null && this.#pid() > 0) this.signal('SIGKILL')
      this.#child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Waits until it has printed this. @throws when it ends before. */
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

  /**
   * Runs a command in the container itself, with its files and as its user, as Docker runs a health
   * check.
   */
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

  /** The uids and the capabilities of the first process, as the system shows them. */
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
