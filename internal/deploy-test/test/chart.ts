import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { repositoryPath } from './paths.ts'
import { run, type Outcome } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

const CHART = repositoryPath('deploy/helm/chihaya')
// `npm test` installs Helm here.
const INSTALLED = repositoryPath('.cache/helm/helm')
const program = existsSync(INSTALLED) ? INSTALLED : 'helm'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly [key: string]: unknown
}

/** Values for the different trackers that users deploy. */
export const VALUES: Readonly<Record<string, object>> = {
  'the defaults': {},
  'a public tracker behind a load balancer': {
    service: {
      type: 'LoadBalancer',
      ipFamilyPolicy: 'PreferDualStack',
      annotations: { 'example.com/pool': 'public' },
      loadBalancerSourceRanges: ['0.0.0.0/0', '::/0'],
    },
    secrets: { udpPrivateKey: '0'.repeat(64) },
    networkPolicy: {
      enabled: true,
      monitoringFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  },
  'several trackers and the Redis of the chart': {
    replicaCount: 3,
    redis: { enabled: true },
    secrets: { udpPrivateKey: 'shared' },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: {},
      },
    ],
  },
  'autoscaled trackers and an external Redis': {
    autoscaling: { enabled: true },
    redis: { url: 'redis://user:pass%20word@redis.example:6379/0' },
    secrets: { udpPrivateKey: 'shared' },
    config: { storage: { name: 'redis', config: { peer_lifetime: '40m' } } },
  },
  'secrets in an existing Secret': {
    replicaCount: 2,
    redis: { urlFromSecret: true },
    secrets: { existingSecret: 'tracker-secrets' },
    imagePullSecrets: [{ name: 'registry' }],
  },
  'only UDP, on another port, with every extra': {
    config: {
      http: null,
      udp: { addr: ['0.0.0.0:7000', '[::]:7000'], max_numwant: 80 },
      announce_interval: '20m',
    },
    service: { type: 'NodePort', externalTrafficPolicy: 'Cluster', udpPort: 7000 },
    podAnnotations: { a: 'b' },
    podLabels: { c: 'd' },
    nodeSelector: { e: 'f' },
    tolerations: [{ key: 'g', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'high',
    extraEnv: [{ name: 'TZ', value: 'UTC' }],
    extraVolumes: [{ name: 'lists', configMap: { name: 'lists' } }],
    extraVolumeMounts: [{ name: 'lists', mountPath: '/etc/chihaya/lists', readOnly: true }],
    preStopSeconds: 0,
    podDisruptionBudget: { enabled: false },
  },
  'only HTTP, with passkeys': {
    config: {
      udp: null,
      http: { announce_routes: ['/:passkey/announce'], scrape_routes: ['/:passkey/scrape'] },
    },
  },
}

/** Runs Helm on the chart with these values. */
export async function helm(command: 'template' | 'lint', values: object): Promise<Outcome> {
  const folder = await temporaryFolder()
  const file = join(folder, 'values.yaml')
  await writeFile(file, JSON.stringify(values))
  const args = {
    template: ['template', 'tracker', CHART, '--kube-version=1.33.0'],
    lint: ['lint', '--strict', CHART],
  }[command]
  // Use neither the configuration nor the clusters of the developer.
  const folders = {
    HELM_CACHE_HOME: folder,
    HELM_CONFIG_HOME: folder,
    HELM_DATA_HOME: folder,
    KUBECONFIG: '/dev/null',
  }
  return run(program, [...args, '--values', file], { env: { ...process.env, ...folders } })
}

/** Renders the chart with these values. @throws on Helm's errors and on invalid YAML. */
export async function manifests(values: object): Promise<Manifest[]> {
  const { code, stdout, stderr } = await helm('template', values)
  if (code !== 0) throw new Error(stderr)
  const documents = parseAllDocuments(stdout, { uniqueKeys: true })
  if (!Array.isArray(documents)) throw new Error('Helm rendered nothing')
  for (const { errors, warnings } of documents)
    for (const problem of [...errors, ...warnings]) throw problem
  return documents
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)
}
