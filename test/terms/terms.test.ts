// The vocabulary's rules.
import { inspect } from 'node:util'
import t from 'tap'
import { Bearer } from '../../src/terms/bearer.ts'
import { redact } from '../../src/terms/redaction.ts'
import { formatRedirectUri, parseRedirectUri } from '../../src/terms/redirect-uri.ts'
import { pathOf, queryOf } from '../../src/terms/request-target.ts'
import { deriveService } from '../../src/terms/service-url.ts'

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
  t.equal(redact('Authorization: Bearer abcdefghijkl'), 'Authorization: Bearer [redacted]')
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
    "http://localhost/it's",
  ])
    t.type(parseRedirectUri(bad), 'string', bad)
})

t.test('a service URL says what it can', async t => {
  t.strictSame(
    deriveService(new URL('https://a-b.dicom.azurehealthcareapis.us/v2')),
    { kind: 'dicom', cloud: 'us-government' },
    'no audience is made up',
  )
  t.equal(deriveService(new URL('https://a.fhir.azurehealthcareapis.com.evil.example')), undefined)
  t.equal(deriveService(new URL('https://fhir.azurehealthcareapis.com')), undefined)
})

t.test('a target is taken apart at its first question mark', async t => {
  t.equal(pathOf('/a?b?c'), '/a')
  t.equal(queryOf('/a?b?c'), 'b?c')
  t.equal(pathOf('/a'), '/a')
  t.equal(queryOf('/a'), '')
})
