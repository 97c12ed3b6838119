const DEEPEST_CAUSE = 5

/**
 * A request by its route, since its URL holds passkeys, tokens and peer ids, be it in the path or
 * the query.
 */
export function describeRequest(request: {
  readonly method?: string
  readonly ip?: string
  readonly routeOptions?: { readonly url?: string | undefined }
}): object {
  return { method: request.method, route: request.routeOptions?.url, remoteAddress: request.ip }
}

/**
 * An error by what it says of itself. Libraries hang more on theirs than a log may hold: the
 * arguments of a command, a password among them, or the text that was to be a URL.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & {
    address?: unknown
    port?: unknown
  }
  const known = {
    code,
    syscall,
    address,
    port,
    statusCode: (error as { statusCode?: unknown }).statusCode,
  }
  const plain = Object.entries(known).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  )
  const deeper = depth < DEEPEST_CAUSE
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(plain),
    ...(deeper && error.cause !== undefined && { cause: describeError(error.cause, depth + 1) }),
    ...(deeper &&
      error instanceof AggregateError && {
        errors: error.errors.map((each) => describeError(each, depth + 1)),
      }),
  }
}
