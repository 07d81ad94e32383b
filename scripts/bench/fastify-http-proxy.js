// Peer: @fastify/http-proxy 11, one injected field, its own pool of connections.
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const [upstream] = process.argv.slice(2)
const app = Fastify()
const authorization = `Bearer ${'x'.repeat(1500)}`
app.register(proxy, {
  upstream,
  prefix: '/fhir',
  replyOptions: { rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization }) },
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(app.server.address().port)
