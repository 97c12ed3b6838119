// Two trackers in one application, with swarms and rules of their own: one for everybody, one for
// members.
import tracker from '@chihaya/tracker'
import Fastify from 'fastify'
import passkey from 'tracker-middleware-passkey'

// A passkey in a path may be longer than other parameters.
const app = Fastify({ logger: true, routerOptions: { maxParamLength: 256 } })

app.register(tracker, { prefix: '/public', announceInterval: '30m' })
app.register(tracker, {
  prefix: '/members',
  announceInterval: '45m',
  http: { announceRoutes: ['/:passkey/announce'] },
  prehooks: [{ plugin: passkey, options: { passkeys: ['0123456789abcdef0123456789abcdef'] } }],
})

await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 6969) })
