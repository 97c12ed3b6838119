import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { Container } from './container.ts'
import { imageCommand, imageInstruction, readDockerfile, type Dockerfile } from './dockerfile.ts'
import { repositoryPath } from './paths.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

const ANNOUNCE =
  'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa&port=6881&uploaded=0&downloaded=0&left=1'
const FETCH = `fetch('http://127.0.0.1:6969/announce?${ANNOUNCE}').then((r) => r.text()).then(console.log)`
const UDP = 'udp://127.0.0.1:6969'

let dockerfile: Dockerfile
let tree: string

beforeAll(async () => {
  dockerfile = await readDockerfile()
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-image-'))
  tree = join(folder, 'opt')
  // The command of the Dockerfile, but with the packages that `npm test` has built.
  const [build] = dockerfile.stages
  const command = build?.find(({ name }) => name === 'RUN')?.text ?? ''
  const [, script = ''] = /^CHIHAYA_NODE=system node (\S+) \/opt\/chihaya$/.exec(command) ?? []
  const outcome = await run(process.execPath, [repositoryPath(script), '--built', tree])
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  return () => rm(folder, { recursive: true, force: true })
}, 60_000)

/** Starts the image's command, or another one, with the image's files. */
function start(
  command: readonly string[] = [
    ...imageCommand(dockerfile, 'ENTRYPOINT'),
    ...imageCommand(dockerfile, 'CMD'),
  ],
  configuration = repositoryPath('deploy/docker/chihaya.yaml'),
): Container {
  const files = { '/opt/chihaya': tree, '/etc/chihaya.yaml': configuration }
  return new Container(command, { files })
}

/** The exit code of the image's health check. */
async function healthCheck(container: Container): Promise<number | null> {
  return (await container.exec(imageCommand(dockerfile, 'HEALTHCHECK'))).code
}

describe('the Dockerfile', () => {
  it('is correct', () => {
    expect(
      validate(dockerfile.text).map(({ message, range }) => ({
        line: range.start.line + 1,
        message,
      })),
    ).toEqual([])
  })

  it('copies existing files, and runs as a numeric user other than root', async () => {
    const copies = dockerfile.stages
      .flat()
      .filter(({ name, text }) => name === 'COPY' && !text.startsWith('/'))
    for (const { text } of copies) await stat(repositoryPath(text.split(' ')[0] as string))
    expect(imageInstruction(dockerfile, 'USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })
})

describe('the image', () => {
  it('starts on a read-only file system without privileges, and stops as PID 1', async () => {
    const container = start()
    for (const what of ['UDP tracker', 'HTTP tracker', 'HTTP admin server']) {
      await container.prints(new RegExp(`the ${what} listens`))
    }
    if (process.getuid?.() === 0) {
      expect(await container.credentials()).toMatch(
        /Uid:\t10001\t10001\t10001\t10001\n(Cap\w+:\t0{16}\n){3}NoNewPrivs:\t1/,
      )
    }
    expect((await container.node('-e', FETCH)).stdout).toMatch(/^d8:completei0e.*10:incompletei1e/)
    const e2e = [join(tree, 'dist/main.js'), 'e2e', '--httpaddr', '', '--udpaddr', UDP]
    expect((await container.node(...e2e)).stdout).toBe(
      `UDP ${UDP}: the second peer was given the first\n`,
    )
    expect(await healthCheck(container)).toBe(0)
    container.signal('SIGTERM')
    expect(await container.exitCode()).toBe(0)
    expect(container.output).not.toMatch(/EROFS|EACCES|EPERM|"level":"(error|fatal)"/)
  })

  it('receives datagrams in batches', async () => {
    const batches = `import('file:///opt/chihaya/node_modules/@chihaya/udp-frontend/dist/index.js').then(async () => {
      const { createRequire } = await import('node:module')
      const { realpathSync } = await import('node:fs')
      const require = createRequire(realpathSync('/opt/chihaya/node_modules/@chihaya/udp-frontend/dist/index.js'))
      console.log((await import(require.resolve('@chihaya/udp-batch'))).unavailable() ?? 'available')
    })`
    const container = start(['node', '-e', batches])
    expect(await container.exitCode()).toBe(0)
    expect(container.output).toBe('available\n')
  })

  it.each([':7251', '127.0.0.1:7251', ''])(
    'is healthy with any metrics address: %j',
    async (address) => {
      const text = `chihaya:\n  metrics_addr: '${address}'\n  http: { addr: ':6969' }\n  udp: { addr: ':6969' }\n`
      const folder = await temporaryFolder()
      const configuration = join(folder, 'chihaya.yaml')
      await writeFile(configuration, text)
      const container = start(undefined, configuration)
      await container.prints(/the HTTP tracker listens/)
      expect(await healthCheck(container)).toBe(0)
    },
  )

  it('is unhealthy when its tracker says so', async () => {
    const stub = `require('node:http').createServer((q, r) => { r.statusCode = 503; r.end() })
      .listen(6880, () => console.log('listens'))`
    const container = start(['node', '-e', stub])
    await container.prints(/listens/)
    expect(await healthCheck(container)).toBe(1)
  })

  it('is unhealthy when nobody answers', async () => {
    const container = start(['node', '-e', `console.log('idle'); setInterval(() => {}, 1000)`])
    await container.prints(/idle/)
    expect(await healthCheck(container)).toBe(1)
  })
})
