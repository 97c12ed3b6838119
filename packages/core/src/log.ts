/** A logger with details before the message; Fastify's fits. Users pick the levels they need. */
export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
