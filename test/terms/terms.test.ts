// The vocabulary's rules.
import { inspect } from 'node:util'
import t from 'tap'
import { Bearer } from '../../src/terms/bearer.ts'
import { printable } from '../../src/terms/printable.ts'
import { redact } from '../../src/terms/redaction.ts'
import { formatRedirectUri, parseRedirectUri } from '../../src/terms/redirect-uri.ts'
import { pathOf, queryOf } from '../../src/terms/request-target.ts'
import { applicationScope, delegatedScope, parseScope, scopeFor } from '../../src/terms/scope.ts'
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
  t.equal(printable('x'.repeat(300)), `${'x'.repeat(200)}…`)
})
