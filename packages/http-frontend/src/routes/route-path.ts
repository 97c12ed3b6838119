/** A path as the router takes it. */
export interface RoutePath {
  readonly url: string
  /** The name of its catch-all parameter. */
  readonly catchAll: string | undefined
}

/**
 * Reads a path in Chihaya's notation, where a catch-all parameter has a name: `/announce/*rest`.
 */
function routePath(text: string): RoutePath {
  const star = text.indexOf('*')
  if (star < 0) return { url: text, catchAll: undefined }
  return { url: text.slice(0, star + 1), catchAll: text.slice(star + 1) || '*' }
}

/**
 * The paths without those that the router cannot tell from an earlier one: they differ in the names
 * of parameters, or in a trailing slash where it ignores them.
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
 * Where a client scrapes that was told to announce at `path` (BEP 48): `announce` replaced by
 * `scrape`. The BEP means the last segment, as in `/x/announce`; clients also replace the first
 * `announce` they find, as in `/announce/x`.
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

/** Only the fixed text of a segment changes, not the name of a parameter in it. */
function twin(segment: string): string {
  const parameter = segment.search(/[:*]/)
  const fixed = parameter < 0 ? segment : segment.slice(0, parameter)
  return fixed.replace('announce', 'scrape') + segment.slice(fixed.length)
}
