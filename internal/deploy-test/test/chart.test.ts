import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { helm, manifests, VALUES, type Manifest } from './chart.ts'
import { repositoryPath } from './paths.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

const MAIN = repositoryPath('apps/tracker/src/main.ts')
const STRIP_TYPES = process.features.typescript
  ? []
  : ['--experimental-strip-types', '--no-warnings']

interface PodSpec {
  readonly securityContext: object
  readonly automountServiceAccountToken: boolean
  readonly containers: readonly Container[]
}

interface Container {
  readonly ports: ReadonlyArray<{
    readonly name: string
    readonly containerPort: number
    readonly protocol: string
  }>
  readonly securityContext: object
  readonly [probe: string]: unknown
}

function find(list: readonly Manifest[], kind: string, name = 'tracker-chihaya'): Manifest {
  const found = list.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  if (!found) throw new Error(`there is no ${kind} ${name}`)
  return found
}

function pods(list: readonly Manifest[]): PodSpec[] {
  const deployments = list.filter(({ kind }) => kind === 'Deployment')
  const templates = deployments.map(
    ({ spec }) => (spec as { template: { spec: PodSpec } }).template.spec,
  )
  return [
    ...templates,
    ...list.filter(({ kind }) => kind === 'Pod').map(({ spec }) => spec as PodSpec),
  ]
}

function tracker(list: readonly Manifest[]): Container {
  return (find(list, 'Deployment')['spec'] as { template: { spec: PodSpec } }).template.spec
    .containers[0] as Container
}

function configText(list: readonly Manifest[]): string {
  return (find(list, 'ConfigMap')['data'] as Record<string, string>)['chihaya.yaml'] as string
}

describe('the Helm chart', () => {
  it('passes the linter', async () => {
    const { code, stdout } = await helm(
      'lint',
      VALUES['a public tracker behind a load balancer'] as object,
    )
    expect(stdout).toContain('0 chart(s) failed')
    expect(code).toBe(0)
  })

  it.each(Object.entries(VALUES))(
    'configures a tracker that would start, with %s',
    async (_name, values) => {
      const list = await manifests(values)
      const folder = await temporaryFolder()
      await mkdir(join(folder, 'secrets'))
      await writeFile(join(folder, 'secrets/udp-private-key'), 'a secret')
      await writeFile(join(folder, 'secrets/redis-url'), 'redis://:secret@127.0.0.1:6379/0')
      const file = join(folder, 'chihaya.yaml')
      await writeFile(
        file,
        configText(list).replaceAll('/etc/chihaya/secrets', join(folder, 'secrets')),
      )
      const outcome = await run(process.execPath, [
        ...STRIP_TYPES,
        '--conditions=@chihaya/source',
        MAIN,
        'check',
        file,
      ])
      expect(outcome).toMatchObject({ code: 0, stderr: '' })
    },
  )

  it.each(Object.entries(VALUES))('restricts its pods, with %s', async (_name, values) => {
    for (const pod of pods(await manifests(values))) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(pod.automountServiceAccountToken).toBe(false)
      for (const { securityContext } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
      }
    }
  })

  it('points probes and clients at the ports of the configuration', async () => {
    const list = await manifests({})
    const { chihaya } = parse(configText(list)) as { chihaya: Record<string, string> }
    expect(chihaya).toMatchObject({
      metrics_addr: '0.0.0.0:6880',
      http: { announce_routes: ['/announce'] },
    })
    const container = tracker(list)
    const ports = Object.fromEntries(
      container.ports.map(({ name, containerPort, protocol }) => [name, [containerPort, protocol]]),
    )
    expect(ports).toEqual({ http: [6969, 'TCP'], udp: [6969, 'UDP'], operations: [6880, 'TCP'] })
    expect(container['livenessProbe']).toMatchObject({
      httpGet: { path: '/healthz', port: 'operations' },
    })
    expect(container['readinessProbe']).toMatchObject({
      httpGet: { path: '/readyz', port: 'operations' },
    })
    // The public service does not expose the metrics.
    const service = find(list, 'Service')['spec'] as {
      ports: ReadonlyArray<{ targetPort: string }>
    }
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(['http', 'udp'])
  })

  it('restarts trackers only when their configuration or secrets change', async () => {
    const all = [
      {},
      {},
      { config: { announce_interval: '20m' } },
      { secrets: { udpPrivateKey: 'a' } },
      { secrets: { udpPrivateKey: 'b' } },
    ]
    const rendered = await Promise.all(all.map((values) => manifests(values)))
    const templates = rendered.map((list) =>
      JSON.stringify((find(list, 'Deployment')['spec'] as { template: object }).template),
    )
    expect(templates[0]).toBe(templates[1])
    expect(new Set(templates).size).toBe(4)
  })

  it('puts secrets only into Secrets', async () => {
    const secrets = { udpPrivateKey: 'hush-udp' }
    const list = await manifests({ secrets, redis: { url: 'redis://:hush-redis@redis.example/0' } })
    expect(find(list, 'Secret')['stringData']).toEqual({
      'udp-private-key': 'hush-udp',
      'redis-url': 'redis://:hush-redis@redis.example/0',
    })
    expect(JSON.stringify(list.filter(({ kind }) => kind !== 'Secret'))).not.toContain('hush')
    const elsewhere = await manifests(VALUES['secrets in an existing Secret'] as object)
    expect(elsewhere.map(({ kind }) => kind)).not.toContain('Secret')
  })

  it.each([
    [
      'several trackers that do not share swarms',
      { replicaCount: 2 },
      'know only some of the peers',
    ],
    [
      'autoscaled trackers that do not share swarms',
      { autoscaling: { enabled: true } },
      'know only some of the peers',
    ],
    [
      'several trackers without a secret',
      { replicaCount: 2, redis: { enabled: true } },
      'must share the secret',
    ],
    ['a tracker that serves nothing', { config: { http: null, udp: null } }, 'nothing to serve'],
    [
      'two Redis servers',
      { redis: { enabled: true, url: 'redis://a' } },
      'Set one of redis.enabled',
    ],
    [
      'a Redis URL from a missing Secret',
      { redis: { urlFromSecret: true } },
      'needs secrets.existingSecret',
    ],
    [
      'secrets in two places',
      { secrets: { existingSecret: 'a', udpPrivateKey: 'b' } },
      'leave secrets.udpPrivateKey',
    ],
    ['a secret in the ConfigMap', { config: { udp: { private_key: 'hush' } } }, 'private_key'],
    [
      'an address that probes cannot reach',
      { config: { metrics_addr: '127.0.0.1:6880' } },
      'metrics_addr',
    ],
    ['unknown values', { replicas: 2 }, 'replicas'],
    ['a configuration that is nested too deeply', { config: { chihaya: {} } }, 'config'],
  ])('refuses %s', async (_what, values, reason) => {
    const { code, stderr } = await helm('template', values)
    expect(code).toBe(1)
    expect(stderr).toContain(reason)
    expect(stderr).not.toContain('hush')
  })
})
