const DEEPEST_CAUSE = 5

/** A request by its route: path and query of its URL hold passkeys, tokens and peer ids. */
export function describeRequest(request: {
  readonly method?: string
  readonly ip?: string
  readonly routeOptions?: { readonly url?: string | undefined }
}): object {
  return { method: request.method, route: request.routeOptions?.url, remoteAddress: request.ip }
}

/**
 * An error by its standard properties. Libraries add others that must not be logged, such as the
 * arguments of a command, which may include a password, or a malformed URL.
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
