// What stands between MSAL and the authorization server: causes are kept, answers are bounded, refusals are read.

import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { explainAadsts } from '../../src/explain/aadsts.ts'
import { createCachePlugin } from '../../src/identity/cache-plugin.ts'
import { withEvidence } from '../../src/identity/evidence.ts'
import { asTokenFailure, describeRefusal } from '../../src/identity/failure.ts'
import { createNetworkModule } from '../../src/identity/network-module.ts'
import { checkAuthorization } from '../../src/identity/probe.ts'

async function answering(
  t: Test,
  status: number,
  body: string,
  fields: Record<string, string> = {},
): Promise<{ url: string; agent: Agent }> {
  const server = createServer((_request, response) => response.writeHead(status, fields).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent()
  t.teardown(async () => {
    await agent.close()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, agent }
}

t.test('failures on the way to the token endpoint keep their cause', async t => {
  const cases: [string, number, string, { code: string; message: RegExp }][] = [
    ['a 5xx is no answer: MSAL would lock the request for a minute', 503, '{}', { code: 'entra-unreachable', message: /answered 503/ }],
    ['a captive portal', 200, '<html>Please pay</html>', { code: 'entra-unclear', message: /a web page came instead of JSON/ }],
    ['truncated JSON', 200, '{"access_token":"', { code: 'entra-unclear', message: /not JSON/ }],
    ['an endless answer', 200, 'x'.repeat(1_100_000), { code: 'entra-unclear', message: /too long/ }],
  ]
  for (const [name, status, body, expected] of cases) {
    const { url, agent } = await answering(t, status, body)
    const module = createNetworkModule(url, () => agent)
    const call = withEvidence(async () => {
      await module.sendPostRequestAsync(`${url}/token`, { body: 'a=b' }).catch(() => {
        throw new Error('MSAL says: endpoints_resolution_error')
      })
    })
    await t.rejects(call, expected, name)
  }
  const agent = new Agent()
  t.teardown(() => agent.close())
  const nobody = createNetworkModule('http://127.0.0.1:1', () => agent)
  await t.rejects(
    withEvidence(() => nobody.sendGetRequestAsync('http://127.0.0.1:1/')),
    { code: 'entra-unreachable', message: /127\.0\.0\.1:1\).*nothing listens there/ },
  )
})

t.test('an OAuth error is MSAL’s to read', async t => {
  const { url, agent } = await answering(t, 400, '{"error":"invalid_grant"}')
  t.match(await createNetworkModule(url, () => agent).sendPostRequestAsync(url), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('the early question: only a refusal of the registration stops a sign-in', async t => {
  const ask = async (status: number, body: string, fields: Record<string, string> = {}) => {
    const { url, agent } = await answering(t, status, body, fields)
    return checkAuthorization(`${url}/authorize?client_id=x&state=real&nonce=real`, 'random', agent, explainAadsts)
  }
  const back = (query: string) => ({ Location: `http://localhost:1/-/callback?${query}` })
  await t.resolves(ask(302, '', back('error=login_required')))
  await t.resolves(ask(302, '', back('error=interaction_required&error_description=AADSTS50058')))
  await t.resolves(ask(200, '<html>a page that says nothing</html>'))
  await t.rejects(ask(302, '', back('error=invalid_resource&error_description=AADSTS500011:%20no')), {
    code: 'sign-in-refused',
    message: /AADSTS500011/,
  })
  await t.rejects(ask(200, '<p>AADSTS50011: The redirect URI &#39;http://x&#39; is wrong.<br>'), {
    code: 'sign-in-refused',
    message: /AADSTS50011: The redirect URI 'http:\/\/x'/,
  })
  await t.rejects(ask(502, ''), { code: 'entra-unreachable' })
})

t.test('a cache that cannot be read is set aside, and MSAL goes on', async t => {
  const entry = { text: 'not json' as string | undefined, aside: '' }
  const plugin = createCachePlugin({
    get: () => entry.text,
    set: text => {
      entry.text = text
    },
    setAside: text => {
      entry.aside = text
    },
  })
  const context = { cacheHasChanged: true, tokenCache: { deserialize: () => t.fail('it was read'), serialize: () => '{"new":1}' } }
  await plugin.beforeCacheAccess(context as never)
  t.strictSame(entry, { text: undefined, aside: 'not json' })
  await plugin.afterCacheAccess(context as never)
  t.equal(entry.text, '{"new":1}')
})

t.test('Entra’s sentence is told without trace ids, with its cause and remedy', async t => {
  const said = describeRefusal('AADSTS65004: User declined to consent.\r\nTrace ID: abc\r\nCorrelation ID: def', explainAadsts)
  t.match(said, { what: /^AADSTS65004: User declined to consent. Somebody pressed Cancel/, fix: /Sign in again/ })
  t.equal(
    describeRefusal("AADSTS50034: The user account 'ada@contoso.example' does not exist.", explainAadsts).what.includes('ada@'),
    false,
    'this is logged, and names nobody',
  )
  for (const said of ['AADSTS12345: no\u001b]0;x\u0007', 'nothing known\r\nSigned in: dev\u001b[2J', 'turned \u202e round'])
    t.notMatch(describeRefusal(said, explainAadsts).what, /[\u0000-\u001f\u202e]/, 'a terminal obeys nothing of it')
  t.match(describeRefusal('AADSTS12345: Something new.', explainAadsts), { what: 'AADSTS12345: Something new.', fix: /error\?code=12345/ })
  t.match(describeRefusal('something else', explainAadsts), { what: 'something else' })
})

t.test('what is told of a refusal has no credential in it, no account, and nothing that a terminal obeys', async t => {
  const said = 'AADSTS50011: for ada@x.example (code=abc123) Bearer abcdefghijkl \u001b[2J'
  const explain = () => ({ cause: 'Because.', remedy: 'Do.' })
  const { what } = describeRefusal(said, explain)
  t.equal(what, 'AADSTS50011: for [account] (code=[redacted] Bearer [redacted] \\u001b[2J Because.')
  t.notMatch(describeRefusal(said.replace('AADSTS50011: ', ''), explain).what, /ada@|abc123|abcdefghijkl|\u001b/)
  t.ok(describeRefusal(`x${' y'.repeat(2_000)}`, explain).what.length <= 600)
  t.notMatch(asTokenFailure(new Error('Bearer abcdefghijkl'), 'https://x', explain as never).message, /abcdefghijkl/)
})
