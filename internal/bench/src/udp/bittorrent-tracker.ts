// @ts-expect-error The package has no types.
import Server from 'bittorrent-tracker/server'

/** npm's bittorrent-tracker on a UDP port of 127.0.0.1: `bittorrent-tracker.ts PORT`. */
const server = new Server({ http: false, ws: false, udp: true, stats: false }) as {
  on(event: string, listener: (error: Error) => void): void
  listen(port: number, hosts: { udp: string; udp6: string }): void
}
server.on('warning', () => undefined)
server.on('error', (error) => {
  throw error
})
server.listen(Number(process.argv[2]), { udp: '127.0.0.1', udp6: '::1' })
