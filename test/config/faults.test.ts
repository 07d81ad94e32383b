// Every fault of a configuration names its place and says what to do; several are told at once; secrets are never repeated.
import t from 'tap'
import { azureEnvironment } from '../../src/config/azure-environment.ts'
import { renderForTerminal } from '../../src/errors/render.ts'
import { type Case, change, clientId, dev, failure, fhir, holds, parse, tenantId, valid } from '../fixtures/configurations.ts'

t.test('every fault has its place, and says what to do', async t => {
  const cases: Case[] = [
    ['a route whose name is a line break', change(d => (d.routes['\n'] = null)), /must be an object/, /Correct/],
    ['a profile whose name is a line break', change(d => (d.profiles['\n'] = {})), /no name for a profile/, /letters/],
    ['a brace is missing', '{\n  "profiles": {},\n  "routes": {\n', /hallpass.jsonc:\d+:\d+: .*expected/, /Mend/],
    ['an empty file', '', /hallpass.jsonc:1:1/, /Mend/],
    ['a misspelt key', change(d => (d.profiles.dev.clientID = 1)), /:6:7: unknown key "clientID"/, /"clientId"/],
    ['a misspelt setting', change(d => (d.ports = 1)), /unknown key "ports"/, /"port"/],
    ['a key far from any', change(d => (d.zzzzzzzz = 1)), /unknown key "zzzzzzzz"/, /Known keys here: .*profiles/],
    ['a key that stands twice', '{"profiles": {}, "routes": {}, "port": 1, "port": 2}', /:1:43: "port" stands twice/, /one/],
    ['__proto__ as a key', '{"profiles": {}, "routes": {}, "__proto__": {}}', /unknown key "__proto__"/, /Known/],
    ['a missing key', change(d => delete d.profiles.dev.tenantId), /"tenantId" is missing in "profiles.dev"/, /Add "tenantId"/],
    [
      'a value that is none of the choices',
      change(d => (d.vault = 'disk')),
      /"vault" must be one of auto, keychain, sealed-file, memory/,
      /Choose/,
    ],
    ['a port out of range', change(d => (d.port = 70000)), /"port" must be <= 65535/, /Correct/],
    ['an object ID cut short', change(d => (d.profiles.dev.clientId = '1234')), /"clientId" is not a GUID/, /Application \(client\) ID/],
    ['a tenant that is nothing', change(d => (d.profiles.dev.tenantId = 'my tenant')), /"tenantId" is neither/, /Directory \(tenant\) ID/],
    ['an unknown profile', change(d => (d.routes['/fhir'].profile = 'def')), /no profile "def"/, /"dev"/],
    [
      'plain http to a service',
      change(d => (d.routes['/fhir'].origin = 'http://ws-fhir.fhir.azurehealthcareapis.com')),
      /must be https/,
      /service URL/,
    ],
    [
      'credentials in a URL',
      change(d => (d.routes['/fhir'].origin = 'https://a:b@ws.fhir.azurehealthcareapis.com')),
      /user name/,
      /service URL/,
    ],
    ['a query in a URL', change(d => (d.routes['/fhir'].origin += '?x=1')), /query/, /service URL/],
    ['no URL at all', change(d => (d.routes['/fhir'].origin = 'ws-fhir')), /not a URL/, /portal/],
    ['a host of unknown kind', change(d => (d.routes['/fhir'].origin = 'https://example.org')), /kind of service cannot be told/, /"kind"/],
    [
      'DICOM without a version',
      change(d => (d.routes['/dicom'].origin = 'https://ws-d.dicom.azurehealthcareapis.com')),
      /needs its version/,
      /\/v2"/,
    ],
    ['a route under /-', change(d => (d.routes['/-'] = d.routes['/fhir'])), /no route prefix/, /one path segment/],
    ['a route of two segments', change(d => (d.routes['/a/b'] = d.routes['/fhir'])), /no route prefix/, /one path segment/],
    ['an https redirect URI', change(d => (d.profiles.dev.redirectUri = 'https://localhost/x')), /https is not possible/, /registered/],
    ['[::1] as redirect host', change(d => (d.profiles.dev.redirectUri = 'http://[::1]/x')), /does not support \[::1\]/, /registered/],
    [
      'a redirect URI under a route',
      change(d => (d.profiles.dev.redirectUri = 'http://localhost/fhir/cb')),
      /lies under the route \/fhir/,
      /another path/,
    ],
    ['a sandbox on another machine', change(d => (d.profiles.dev.sandbox = 'http://evil.example')), /on localhost/, /sandbox/],
    ['an array', '[]', /hallpass.jsonc:1:1/, /./],
  ]
  holds(t, cases)
})

t.test('AZURE_* fill what a profile leaves out, and their faults name them', async t => {
  const empty = change(d => (d.profiles.dev = {}))
  const azure = (env: Record<string, string>) => ({ azure: azureEnvironment(env) })
  const { resolved, sources } = parse(
    empty,
    azure({ AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/' }),
  )
  t.match(resolved.profiles.get('dev'), { tenantId, clientId, authorityHost: 'login.microsoftonline.us' })
  t.equal(sources.get('profiles.dev.tenantId'), 'AZURE_TENANT_ID')
  t.equal(sources.get('profiles.dev.authorityHost'), 'AZURE_AUTHORITY_HOST')
  const own = parse(valid, azure({ AZURE_TENANT_ID: clientId, AZURE_CLIENT_ID: tenantId })).resolved
  t.match(own.profiles.get('dev'), { tenantId, clientId }, 'the profile wins')
  holds(
    t,
    [['nobody says it', empty, /:3:12: "tenantId" is missing in "profiles\.dev"/, /Add "tenantId", or set AZURE_TENANT_ID/]],
    azure({}),
  )
  const bad = failure(() => parse(empty, azure({ AZURE_TENANT_ID: 'my tenant', AZURE_CLIENT_ID: clientId })))
  t.match(bad, { code: 'setting-invalid', message: /^AZURE_TENANT_ID: "tenantId" is neither/ })
  const sandbox = change(d => (d.profiles.dev.sandbox = 'http://localhost:3510'))
  t.ok(parse(sandbox, azure({ AZURE_AUTHORITY_HOST: 'nonsense' })), 'a sandbox takes no authority from there')
})

t.test('a secret in the file is refused and not repeated', async t => {
  const secret = ['abc8Q~', 'x'.repeat(34)].join('')
  const places: Record<string, unknown> = {
    clientSecret: dev({ clientSecret: secret }),
    'a nested key': change(d => (d.extra = { deep: [{ client_secret: secret }] })),
    'a setting': change(d => (d.password = secret)),
    'a value in its shape': dev({ clientId: secret }),
    'a key in its shape': dev({ [secret]: 1 }),
    'a token': fhir({ audience: ['eyJhbGciOiJIUzI1NiJ9', 'e30', 'x'].join('.') }),
    accessToken: change(d => (d.accessToken = secret)),
    'a secret that is a number': change(d => (d.routes['/fhir']['access-token'] = 12345678)),
  }
  for (const [name, document] of Object.entries(places)) {
    const error = failure(() => parse(document))
    t.match(error.summary, /hallpass\.jsonc:\d+:\d+: .*secret/, `${name}: ${error.summary}`)
    t.match(error.remedy, /never live in the configuration.*hallpass secret set.*AZURE_CLIENT_SECRET/)
    for (const shown of [renderForTerminal(error), JSON.stringify(error)]) t.notMatch(shown, /abc8Q~|eyJhb|12345678/, name)
  }
  t.ok(
    parse(
      change(d => {
        d.profiles.secret = { ...d.profiles.dev, credential: 'secret' }
        d.routes['/fhir'].profile = 'secret'
      }),
    ),
    'a profile may have the name',
  )
})

t.test('all faults are told at once, in the order of the file, ten at most', async t => {
  const error = failure(() =>
    parse(
      change(d => {
        d.profiles.dev = { tenantID: 'x', clientId: 5 }
        d.routes['/fhir'] = { orign: 'x', profile: 'dev' }
        d.prot = 1
      }),
    ),
  )
  const all = [error, ...error.more]
  t.match(
    all.map(({ summary }) => summary),
    [/unknown key "tenantID"/, /"clientId" must be a text/, /unknown key "orign"/, /unknown key "prot"/],
  )
  t.equal(all.length, 4, 'a misspelt key is not missing as well')
  const lines = all.map(({ particulars }) => Number(particulars.line))
  t.strictSame(
    lines,
    lines.toSorted((a, b) => a - b),
  )
  t.match(renderForTerminal(error), /tenantID[\s\S]*→[\s\S]*clientId[\s\S]*orign[\s\S]*prot/)
  const many = change(d => {
    for (let index = 0; index < 40; index++) d[`unknown${index}x`] = 1
  })
  t.equal(failure(() => parse(many)).more.length, 9)
})

t.test('what is allowed but probably not meant is a warning', async t => {
  const { warnings } = parse(
    change(d => {
      d.profiles.idle = { ...d.profiles.dev }
      Object.assign(d.profiles.dev, { flow: 'device-code', redirectUri: 'http://localhost/x' })
    }),
  ).resolved
  t.match(warnings, [/profiles\.dev\.redirectUri is not used/, /No route uses the profile "idle"/])
  t.match(parse({ profiles: {}, routes: {} }).resolved.warnings, [/no routes/])
})

t.test('control characters of a stranger’s file do not reach the terminal', async t => {
  const error = failure(() => parse(change(d => (d['\u001b[2J\u202eevil'] = 1))))
  t.match(error.summary, /unknown key "\\u001b\[2J\\u202eevil"/)
})

t.test('what no parser should be asked for is refused with its place', async t => {
  holds(t, [
    ['nested without end', `${'['.repeat(200_000)}`, /:1:33: nested more than 32 levels deep/, /Mend/],
    ['a number without end', `{"profiles": {}, "routes": {}, "port": 1e999}`, /:1:40: "port" must be a whole number/, /Correct/],
    ['a fraction', `{"profiles": {}, "routes": {}, "port": 3447.5}`, /"port" must be a whole number/, /Correct/],
    ['a port in quotes', `{"profiles": {}, "routes": {}, "port": "3447"}`, /"port" must be a whole number, without quotes/, /Correct/],
    ['a line break in a name', `{"profiles": {"a\\nb": 5}, "routes": {}}`, /./, /./],
    ['two documents', '{} {}', /:1:4: /, /Mend/],
  ])
})
