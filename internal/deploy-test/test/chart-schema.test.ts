import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manifests, VALUES, type Manifest } from './chart.ts'
import { repositoryPath } from './paths.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

// The modules with the types of each API, generated from the schemas of Kubernetes.
const MODULES: Readonly<Record<string, string>> = {
  'apps/v1': 'kubernetes-models/apps/v1',
  'autoscaling/v2': 'kubernetes-models/autoscaling/v2',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
  v1: 'kubernetes-models/v1',
}

interface Model {
  new (manifest: Manifest): { validate(): void }
}

/** A program that compiles only if the objects match their types, without unknown fields. */
function program(list: readonly Manifest[]): string {
  const lines = list.map((manifest, index) => {
    const type = `import(${JSON.stringify(MODULES[manifest.apiVersion])}).I${manifest.kind}`
    return `export const manifest${index}: ${type} = ${JSON.stringify(manifest, null, 2)}`
  })
  return lines.join('\n')
}

async function typeErrors(list: readonly Manifest[]): Promise<string> {
  // The compiler resolves types from the folder of the file.
  const folder = await temporaryFolder(repositoryPath('internal/deploy-test/node_modules'))
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['manifests.ts'] }),
  )
  await writeFile(join(folder, 'manifests.ts'), program(list))
  const compiler = join(
    createRequire(import.meta.url).resolve('typescript/package.json'),
    '../bin/tsc',
  )
  return (await run(process.execPath, [compiler, '-p', folder])).stdout
}

describe('the objects of the chart', () => {
  it.each(Object.entries(VALUES))(
    'match the schemas of Kubernetes, with %s',
    async (_name, values) => {
      const list = await manifests(values)
      expect(list.length).toBeGreaterThan(3)
      expect(await typeErrors(list)).toBe('')
      for (const manifest of list) {
        const models = (await import(MODULES[manifest.apiVersion] as string)) as Record<
          string,
          Model
        >
        const model = models[manifest.kind] as Model
        expect(
          () => new model(manifest).validate(),
          `${manifest.kind} ${manifest.metadata.name}`,
        ).not.toThrow()
      }
    },
  )

  it('would fail with an unknown field, or a field of another type', async () => {
    const [manifest] = await manifests({})
    expect(await typeErrors([{ ...(manifest as Manifest), spek: {} }])).toContain(
      `'"spek"' does not exist`,
    )
    expect(
      await typeErrors([{ ...(manifest as Manifest), metadata: { name: 1 } } as never]),
    ).toContain('not assignable')
  })
})
