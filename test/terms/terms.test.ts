// The vocabulary's rules.
import { inspect } from 'node:util'
import t from 'tap'
import { cloudOfAuthority } from '../../src/terms/authority-host.ts'
import { Bearer } from '../../src/terms/bearer.ts'
import { printable } from '../../src/terms/printable.ts'
import { redact } from '../../src/terms/redaction.ts'
import { formatRedirectUri, parseRedirectUri } from '../../src/terms/redirect-uri.ts'
import { unforwardable } from '../../src/terms/request-fields.ts'
import { pathOf, queryOf } from '../../src/terms/request-target.ts'
import { applicationScope, delegatedScope, parseScope, scopeFor } from '../../src/terms/scope.ts'
import { deriveService, isLoopback } from '../../src/terms/service-url.ts'

t.test('a bearer cannot be printed by accident', async t => {
  const bearer = new Bearer('canary-token', 'https://x', 1000)
  for (const text of [
    `${bearer}`,
    JSON.stringify({ bearer }),
    inspect({ bearer }, { showHidden: true, depth: 9 }),
    String(Object.values(bearer)),
  ])
    t.notMatch(text, /canary/)
  t.equal(bearer.reveal(), 'canary-token')
  t.equal(bearer.lifeLeft(400), 600)
})

t.test('redaction takes out what looks like a credential, and leaves the rest', async t => {
  const token = ['eyJhbGciOi', 'eyJzdWIi', 'c2ln'].join('.')
  t.notMatch(redact(`token ${token} end`), /eyJ/)
  t.equal(redact(`${token} and ${token}`), '[token] and [token]')
  t.equal(redact('Authorization: Bearer abcdefghijkl'), 'Authorization: Bearer [redacted]')
  t.equal(redact('basic YWRhOmxvdmVsYWNl, bearer abcdefghijkl'), 'basic [redacted], bearer [redacted]')
  const shape = `0.A${'Rk'.repeat(30)}.AgABAAQ`
  t.equal(redact(`${shape} ${shape.replace('0', '1')}`), '[token] [token]', 'a code or refresh token of Entra ID by its shape')
  const names = [
    'code',
    'client_secret',
    'client_assertion',
    'refresh_token',
    'access_token',
    'id_token',
    'code_verifier',
    'state',
    'nonce',
  ]
  for (const name of names) {
    t.equal(redact(`x=1&${name}=abc&${name.toUpperCase()}=def`), `x=1&${name}=[redacted]&${name.toUpperCase()}=[redacted]`)
    t.equal(redact(`{"${name}": "abc"}`), `{"${name}": "[redacted]"}`)
  }
  t.equal(redact('?code=abc&state=def&x=1'), '?code=[redacted]&state=[redacted]&x=1')
  t.equal(redact('{"refresh_token":"abc","x":1}'), '{"refresh_token":"[redacted]","x":1}')
  t.equal(redact('AADSTS50011: The redirect URI does not match.'), 'AADSTS50011: The redirect URI does not match.')
})

t.test('a redirect URI is taken literally', async t => {
  const cases: [string, number, string][] = [
    ['http://localhost', 3447, 'http://localhost:3447/'],
    ['http://localhost/', 3447, 'http://localhost:3447/'],
    ['http://localhost/-/callback', 3447, 'http://localhost:3447/-/callback'],
    ['http://localhost:8400/Auth/CallBack/', 3447, 'http://localhost:8400/Auth/CallBack/'],
    ['http://127.0.0.1:8400/a', 3447, 'http://127.0.0.1:8400/a'],
  ]
  for (const [text, port, sent] of cases) {
    const parsed = parseRedirectUri(text)
    t.equal(typeof parsed === 'string' ? parsed : formatRedirectUri(parsed, port), sent)
  }
  for (const bad of [
    'https://localhost/a',
    'http://[::1]/a',
    'http://example.org/',
    'http://localhost/a?b',
    'http://localhost/a#b',
    'http://LOCALHOST/',
    'localhost',
    'http://localhost:0/',
    'http://localhost:99999/',
    'http://localhost:65536/',
    'http://localhost:port/',
    'http://localhost.evil.example/',
    'http://127.0.0.2/',
    'http://ada@localhost/',
    'see http://localhost/a',
    'http://localhost/a\n?b',
    ...[..."!$'(),;*\\"].map(character => `http://localhost/a${character}b`),
  ])
    t.type(parseRedirectUri(bad), 'string', bad)
})

t.test('only the hosts that are listed are Microsoft’s', async t => {
  t.equal(cloudOfAuthority('login.microsoftonline.us'), 'us-government')
  for (const host of ['constructor', '__proto__', 'toString', 'login.microsoftonline.com.evil.example', 'LOGIN.microsoftonline.com', ''])
    t.equal(cloudOfAuthority(host), undefined, host)
})

t.test('a service URL says what it can', async t => {
  t.strictSame(
    deriveService(new URL('https://a-b.dicom.azurehealthcareapis.us/v2')),
    { kind: 'dicom', cloud: 'us-government' },
    'no audience is made up',
  )
  t.equal(deriveService(new URL('https://a.fhir.azurehealthcareapis.com.evil.example')), undefined)
  for (const host of ['fhir', 'evilfhir', '.fhir', 'ws.fhir.evil'].map(name => `${name}.azurehealthcareapis.com`))
    t.equal(deriveService(new URL(`https://${host}`)), undefined, host)
})

t.test('traffic that never leaves the machine goes to three names, and to nothing that resembles them', async t => {
  for (const host of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:8080']) t.ok(isLoopback(new URL(`http://${host}`)), host)
  for (const host of [
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.2',
    '0.0.0.0',
    '[::]',
    'mylocalhost',
    'localhost@evil.example',
  ])
    t.notOk(isLoopback(new URL(`http://${host}`)), host)
})

t.test('no configuration forwards what speaks for hallpass, for the connection, for a page, or of where a request comes from', async t => {
  const never = [
    ...['authorization', 'proxy-authorization', 'host', 'content-length', 'transfer-encoding', 'expect', 'trailer', 'te', 'upgrade'],
    ...['connection', 'keep-alive', 'proxy-connection', 'http2-settings', 'cookie', 'cookie2', 'forwarded', 'x-forwarded-host', 'via'],
    ...['x-original-url', 'x-rewrite-url', 'x-real-ip', 'x-http-method', 'x-http-method-override', 'x-method-override', 'origin'],
    ...['referer', 'sec-fetch-site', 'access-control-request-method', 'purpose', 'x-moz', 'hallpass-key'],
    ...['', 'x_trace', 'x trace', 'x:trace', 'x\r\ntrace', 'für', 'x-trace '],
  ]
  for (const name of never)
    for (const spelling of [name, name.toUpperCase()]) t.type(unforwardable(spelling), 'string', JSON.stringify(spelling))
  for (const name of ['x-my-trace', 'X-Site', 'x-hostname', 'cookies', 'x-te', 'viaduct', 'original', 'x-hallpass-key'])
    t.equal(unforwardable(name), undefined, name)
})

t.test('a target is taken apart at its first question mark', async t => {
  t.equal(pathOf('/a?b?c'), '/a')
  t.equal(queryOf('/a?b?c'), 'b?c')
  t.equal(pathOf('/a'), '/a')
  t.equal(queryOf('/a'), '')
})

t.test('an application asks for /.default, a person for the permission that is known', async t => {
  const [fhir, dicom] = ['https://ws-f.fhir.azurehealthcareapis.com', 'https://dicom.healthcareapis.azure.com']
  t.equal(applicationScope(`${fhir}/`), `${fhir}/.default`)
  t.equal(scopeFor('client-credentials', 'fhir', fhir, false), `${fhir}/.default`)
  t.equal(scopeFor('client-credentials', 'dicom', dicom, false), `${dicom}/.default`)
  t.equal(scopeFor('authorization-code', 'fhir', fhir, false), `${fhir}/user_impersonation`)
  t.equal(scopeFor('device-code', 'dicom', dicom, false), `${dicom}/Dicom.ReadWrite`)
  t.equal(delegatedScope('fhir', 'api://own', true), 'api://own/.default')
})

t.test('a scope is a resource and a permission, and says which of them is missing', async t => {
  const guid = '75e725bf-66ce-4cea-9b9a-5c4caae57f33'
  const cases: [string, string | undefined, string | undefined][] = [
    ['https://a.example/x.read', 'https://a.example', 'x.read'],
    ['https://a.example//.default', 'https://a.example', '.default'],
    ['https://a.example', 'https://a.example', undefined],
    ['https://a.example/', 'https://a.example', undefined],
    [`api://${guid}/x`, `api://${guid}`, 'x'],
    [`api://${guid}`, `api://${guid}`, undefined],
    [`${guid}/.default`, guid, '.default'],
    [guid, guid, undefined],
    ['user_impersonation', undefined, 'user_impersonation'],
  ]
  for (const [scope, resource, permission] of cases) t.strictSame(parseScope(scope), { resource, permission }, scope)
})

t.test('what a terminal would obey is shown as its escape', async t => {
  t.equal(printable('a\u001b[2J\u202eb\u0085\n'), 'a\\u001b[2J\\u202eb\\u0085\\u000a')
  t.equal(printable('für 患者 💥'), 'für 患者 💥')
  const ranges: [number, number][] = [
    ...([
      [0x00, 0x1f],
      [0x7f, 0x9f],
      [0xad, 0xad],
      [0x61c, 0x61c],
    ] as [number, number][]),
    ...([
      [0x200b, 0x200f],
      [0x2028, 0x202e],
      [0x2060, 0x206f],
      [0xfeff, 0xfeff],
    ] as [number, number][]),
  ]
  for (const [first, last] of ranges)
    for (let code = first; code <= last; code++) t.match(printable(String.fromCharCode(code)), /^\\u[0-9a-f]{4}$/, code.toString(16))
  t.equal(printable('x'.repeat(300)), `${'x'.repeat(200)}…`)
})
