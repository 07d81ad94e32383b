// Peer: http-proxy 1.18.1, one injected field, connections kept alive.
import { Agent, createServer } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import httpProxy from 'http-proxy'

const [target] = process.argv.slice(2)
const agent = target.startsWith('https:') ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
const proxy = httpProxy.createProxyServer({ target, agent, changeOrigin: true, headers: { authorization: `Bearer ${'x'.repeat(1500)}` } })
const server = createServer((request, response) => {
  request.url = request.url.replace(/^\/fhir/, '') || '/'
  proxy.web(request, response)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
