import { fileURLToPath } from 'node:url'

/** A file or folder of the repository. */
export function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}
