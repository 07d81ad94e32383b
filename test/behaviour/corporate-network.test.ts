// A company's network: the program itself, its authority and its service at their real names, behind a proxy that breaks TLS up with its own authority.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { createAuthority } from '../fixtures/authority.ts'
import { type ConnectProxy, startConnectProxy } from '../harness/connect-proxy.ts'
import { createHome, type Home, startDaemon, writeConfig } from '../harness/hallpass.ts'

const [authorityHost, serviceHost] = ['login.microsoftonline.com', 'sandbox-fhir.fhir.azurehealthcareapis.com']

type Company = { home: Home; proxy: ConnectProxy; caFile: string; env: Record<string, string> }

/** Entra ID and a FHIR service, as the names that only the proxy knows how to reach. */
async function startCompany(t: Test): Promise<Company> {
  const sandbox = await startSandbox()
  const home = createHome()
  const authority = await createAuthority()
  const caFile = join(home.path, 'company.pem')
  writeFileSync(caFile, authority.certificate)
  const front = async (name: string, url: string) => {
    const { port } = new URL(url)
    const server = createServer(await authority.issue([name]), (taken, answer) => {
      const { method, url: path, headers } = taken
      const onward = request({ port, method, path, headers: { ...headers, host: `localhost:${port}` } }, given => {
        answer.writeHead(given.statusCode ?? 502, given.headers)
        given.pipe(answer)
      })
      taken.pipe(onward.on('error', () => answer.destroy()))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close().closeAllConnections())
    return (server.address() as { port: number }).port
  }
  const ports = {
    [authorityHost]: await front(authorityHost, sandbox.identity.url),
    [serviceHost]: await front(serviceHost, sandbox.fhir.url),
  }
  const proxy = await startConnectProxy(t, { to: target => ports[target.replace(/:443$/, '')] ?? 1 })
  const [application] = sandbox.applications.filter(({ dataRoles }) => dataRoles.length > 0)
  const { appId = '', secrets } = application ?? { secrets: [] }
  const { tenantId } = sandbox.identity
  writeConfig(home, {
    ...{ port: 0, vault: 'memory' },
    profiles: { job: { tenantId, clientId: appId, flow: 'client-credentials', credential: 'secret' } },
    routes: { '/fhir': { origin: `https://${serviceHost}`, profile: 'job' } },
  })
  t.teardown(async () => {
    await sandbox.close()
    home.remove()
  })
  return { home, proxy, caFile, env: { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost', AZURE_CLIENT_SECRET: secrets[0]?.value ?? '' } }
}

t.test(
  'Entra ID and the service are reached through the proxy; the company’s authority is taken from caFile or NODE_EXTRA_CA_CERTS',
  async t => {
    const { home, proxy, caFile, env } = await startCompany(t)
    for (const name of ['HALLPASS_CA_FILE', 'NODE_EXTRA_CA_CERTS']) {
      const daemon = await startDaemon(home, ['start'], { env: { ...env, [name]: caFile } })
      const answer = await fetch(`${daemon.url}/fhir/Patient?_count=1`)
      t.equal(answer.status, 200, `${name}: ${await answer.text()}`)
      t.strictSame(proxy.asked.splice(0), [`${authorityHost}:443`, `${serviceHost}:443`])
      t.equal((await daemon.stop()).code, 0)
    }
  },
)

t.test('without that authority the true cause is told, and nothing was sent', async t => {
  const { home, env } = await startCompany(t)
  const daemon = await startDaemon(home, ['start'], { env })
  const answer = await fetch(`${daemon.url}/fhir/Patient?_count=1`)
  t.equal(answer.headers.get('hallpass-error'), 'entra-unreachable')
  t.match(
    await answer.text(),
    /login\.microsoftonline\.com\) could not be reached: its certificate is signed by an unknown authority \(`caFile`/,
  )
  await daemon.stop()
})

t.test('a proxy that is down is named as the cause', async t => {
  const { home, env, caFile, proxy } = await startCompany(t)
  proxy.stop()
  const daemon = await startDaemon(home, ['start'], { env: { ...env, HALLPASS_CA_FILE: caFile } })
  t.match(await (await fetch(`${daemon.url}/fhir/Patient`)).text(), /the proxy \(HTTPS_PROXY\) cannot be reached: nothing listens there/)
  await daemon.stop()
})
