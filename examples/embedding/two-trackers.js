// Two trackers in one application, with separate swarms and rules: one is public, one for members.
import tracker from '@chihaya/tracker'
import Fastify from 'fastify'
import passkey from 'tracker-middleware-passkey'

// Leave room for long passkeys in paths.
const app = Fastify({ logger: true, routerOptions: { maxParamLength: 256 } })

app.register(tracker, { prefix: '/public', announceInterval: '30m' })
app.register(tracker, {
  prefix: '/members',
  announceInterval: '45m',
  http: { announceRoutes: ['/:passkey/announce'] },
  prehooks: [{ plugin: passkey, options: { passkeys: ['0123456789abcdef0123456789abcdef'] } }],
})

await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 6969) })
