// An application with a tracker: HTTP and UDP on the same port.
import tracker from '@chihaya/tracker'
import Fastify from 'fastify'

const port = Number(process.env.PORT ?? 6969)
const app = Fastify({ logger: true })

app.get('/', async () => 'the tracker is at /announce\n')
app.register(tracker, {
  announceInterval: '30m',
  udp: { listen: [{ host: '0.0.0.0', port }] },
  hooks: {
    postAnnounce: ({ protocol, event }) => app.log.info({ protocol, event }, 'announced'),
  },
})

await app.listen({ host: '0.0.0.0', port })
