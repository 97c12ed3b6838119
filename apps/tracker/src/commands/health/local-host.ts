/**
 * The host at which this machine reaches an address that something listens on; '' is every address.
 */
export function localHost(host: string): string {
  return host === '' ? '127.0.0.1' : host
}
