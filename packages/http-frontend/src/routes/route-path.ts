/** A path in the router's notation. */
export interface RoutePath {
  readonly url: string
  /** Name of the catch-all parameter. */
  readonly catchAll: string | undefined
}

/** Parses Chihaya's notation, in which catch-all parameters have names: `/announce/*rest`. */
function routePath(text: string): RoutePath {
  const star = text.indexOf('*')
  if (star < 0) return { url: text, catchAll: undefined }
  return { url: text.slice(0, star + 1), catchAll: text.slice(star + 1) || '*' }
}

/**
 * The paths that the router can distinguish. Others differ from an earlier one only in the names of
 * parameters, or in a trailing slash that the router ignores.
 */
export function distinctPaths(texts: readonly string[], ignoreTrailingSlash: boolean): RoutePath[] {
  const paths = new Map<string, RoutePath>()
  for (const text of texts) {
    const path = routePath(text)
    let shape = path.url.replaceAll(/:\w+/g, ':')
    if (ignoreTrailingSlash && shape.endsWith('/')) shape = shape.slice(0, -1)
    if (!paths.has(shape)) paths.set(shape, path)
  }
  return [...paths.values()]
}

/**
 * The scrape paths that clients derive from an announce path, by replacing `announce` with `scrape`
 * (BEP 48). The BEP replaces it in the last segment, as in `/x/announce`. Some clients replace the
 * first one, as in `/announce/x`.
 */
export function scrapeTwins(path: string): string[] {
  const segments = path.split('/')
  const candidates = segments.flatMap((segment, index) =>
    twin(segment) === segment ? [] : [index],
  )
  const ends = new Set([candidates.at(0), candidates.at(-1)])
  return [...ends].flatMap((end) =>
    end === undefined
      ? []
      : [segments.map((segment, index) => (index === end ? twin(segment) : segment)).join('/')],
  )
}

/** Replaces it in the fixed text of a segment, not in the name of a parameter. */
function twin(segment: string): string {
  const parameter = segment.search(/[:*]/)
  const fixed = parameter < 0 ? segment : segment.slice(0, parameter)
  return fixed.replace('announce', 'scrape') + segment.slice(fixed.length)
}
