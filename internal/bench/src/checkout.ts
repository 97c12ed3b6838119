import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A checkout of this repository, built. */
export interface Checkout {
  readonly root: string
  /** The `chihaya` command. */
  readonly main: string
}

export const THIS_TREE: Checkout = at(fileURLToPath(new URL('../../../', import.meta.url)))

/** The checkout in a folder. @throws {Error} if it is not built. */
export function checkout(folder: string): Checkout {
  const found = at(resolve(folder))
  if (!existsSync(found.main)) throw new Error(`${found.main} is missing: build the checkout first`)
  return found
}

function at(root: string): Checkout {
  return { root, main: join(root, 'apps/tracker/dist/main.js') }
}
