// Every fault of a configuration names its place and says what to do; several are told at once; secrets are never repeated.
import t, { type Test } from 'tap'
import { azureEnvironment } from '../../src/config/azure-environment.ts'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import { renderForTerminal } from '../../src/errors/render.ts'
import { change, clientId, failure, tenantId, valid } from '../fixtures/configurations.ts'

const parse = (value: unknown, options: ParseOptions = {}) =>
  parseConfig(typeof value === 'string' ? value : JSON.stringify(value, null, 2), 'hallpass.jsonc', options)

type Case = [name: string, document: unknown, what: RegExp, remedy: RegExp]

const holds = (t: Test, cases: readonly Case[], options: ParseOptions = {}) => {
  for (const [name, document, what, remedy] of cases) {
    const error = failure(() => parse(document, options))
    t.match(error.summary, what, `${name}: ${error.summary}`)
    t.match(error.remedy, remedy, `${name}: ${error.remedy}`)
    t.equal(error.entry.exitCode, 2)
  }
}

t.test('every fault has its place, and says what to do', async t => {
  const cases: Case[] = [
    ['a brace is missing', '{\n  "profiles": {},\n  "routes": {\n', /hallpass.jsonc:\d+:\d+: .*expected/, /Mend/],
    ['an empty file', '', /hallpass.jsonc:1:1/, /Mend/],
    ['a misspelt key', change(d => (d.profiles.dev.clientID = 1)), /:6:7: unknown key "clientID"/, /"clientId"/],
    ['a misspelt setting', change(d => (d.ports = 1)), /unknown key "ports"/, /"port"/],
    ['a key far from any', change(d => (d.zzzzzzzz = 1)), /unknown key "zzzzzzzz"/, /Known keys here: .*profiles/],
    ['a key that stands twice', '{"profiles": {}, "routes": {}, "port": 1, "port": 2}', /:1:43: "port" stands twice/, /one/],
    ['__proto__ as a key', '{"profiles": {}, "routes": {}, "__proto__": {}}', /unknown key "__proto__"/, /Known/],
    ['a missing key', change(d => delete d.profiles.dev.tenantId), /"tenantId" is missing in "profiles.dev"/, /Add "tenantId"/],
    ['a value that is none of the choices', change(d => (d.vault = 'disk')), /"vault" must be one of auto, keychain, memory/, /Choose/],
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

const dev = (more: object) => change(d => Object.assign(d.profiles.dev, more))
const fhir = (more: object) => change(d => Object.assign(d.routes['/fhir'], more))
const dicom = (more: object) => change(d => Object.assign(d.routes['/dicom'], more))

t.test('flows and credentials that make no sense together are named', async t => {
  holds(t, [
    [
      'an application without proof',
      dev({ flow: 'client-credentials' }),
      /:6:15: "client-credentials" needs a credential/,
      /"secret" or "certificate"/,
    ],
    ['the same, spelt out', dev({ flow: 'client-credentials', credential: 'none' }), /:7:21: "client-credentials" needs/, /"secret"/],
    [
      'a device code with a secret',
      dev({ flow: 'device-code', credential: 'secret' }),
      /"device-code" is for public clients/,
      /public client flows/,
    ],
    [
      'a prompt for nobody',
      dev({ flow: 'client-credentials', credential: 'secret', prompt: 'login' }),
      /"prompt" has no meaning/,
      /Leave it out/,
    ],
    ['an unknown flow', dev({ flow: 'implicit' }), /"flow" must be one of authorization-code, device-code, client-credentials/, /Choose/],
    ['an unknown prompt', dev({ prompt: 'none' }), /"prompt" must be one of login, select_account, consent/, /Choose/],
    ['a program as browser', dev({ browser: '/usr/bin/evil' }), /"browser" must be one of chrome/, /Choose/],
    ['a hint with a line break', dev({ loginHint: 'a\nb' }), /"loginHint" has spaces or control/, /user name/],
    [
      'a named scope for an application',
      change(d => {
        Object.assign(d.profiles.dev, { flow: 'client-credentials', credential: 'secret' })
        d.routes['/fhir'].scopes = ['https://ws-fhir.fhir.azurehealthcareapis.com/user_impersonation']
      }),
      /cannot be asked for with client-credentials/,
      /"https:\/\/ws-fhir\.fhir\.azurehealthcareapis\.com\/\.default"/,
    ],
  ])
})

t.test('habits of the v1 endpoint and misspelt audiences are explained', async t => {
  const other = 'https://other.fhir.azurehealthcareapis.com/user_impersonation'
  const own = 'https://ws-fhir.fhir.azurehealthcareapis.com'
  holds(t, [
    ['a resource as scope', fhir({ scopes: [own] }), /is a resource, as the v1 endpoint took it/, /azurehealthcareapis\.com\/\.default"/],
    ['with a slash at the end', fhir({ scopes: [`${own}/`] }), /is a resource, as the v1 endpoint took it/, /com\/\.default"/],
    ['a GUID as scope', dicom({ scopes: ['75e725bf-66ce-4cea-9b9a-5c4caae57f33'] }), /is a resource/, /\.default"/],
    [
      'scopes of two resources',
      fhir({ scopes: [`${own}/user_impersonation`, other] }),
      /is a scope of another resource/,
      /route of its own/,
    ],
    ['.default beside others', fhir({ scopes: [`${own}/.default`, `${own}/user_impersonation`] }), /stands beside other scopes/, /alone/],
    ['a permission alone', fhir({ scopes: ['user_impersonation'] }), /Microsoft Graph/, /"https:\/\/ws-fhir.*user_impersonation"/],
    ['an OpenID scope', fhir({ scopes: [`${own}/user_impersonation`, 'offline_access'] }), /is asked for anyway/, /Leave it out/],
    ['two scopes in one text', fhir({ scopes: [`${own}/a ${own}/b`] }), /no scope has/, /one scope in each/],
    ['no scope at all', fhir({ scopes: [] }), /"scopes" is empty/, /leave it out/],
    ['an audience with a slash', fhir({ audience: `${own}/` }), /ends in a slash, which is a habit of the v1/, /without the slash/],
    ['an audience that is a scope', fhir({ audience: `${own}/.default` }), /"audience" is a scope/, /without/],
    ['an audience of words', fhir({ audience: 'my fhir' }), /spaces, quotes/, /application ID URI/],
    ['an audience of one word', fhir({ audience: 'fhir' }), /neither a URI nor a GUID/, /Authentication page/],
    ...[
      'https://dicom.azurehealthcareapis.azure.com',
      'https://dicom.azurehealthcareapis.azure.com/',
      'https://dicom.azurehealthcareapis.com',
      'https://DICOM.healthcareapis.com',
      'https://ws-dicom.dicom.azurehealthcareapis.com',
      'https://ws-dicom.dicom.azurehealthcareapis.com/v2',
      '75e725bf-66ce-4cea-9b9a-5c4caae57f33',
    ].map(
      (audience): Case => [
        audience,
        dicom({ audience }),
        /DICOM services have one audience/,
        /"https:\/\/dicom\.healthcareapis\.azure\.com"/,
      ],
    ),
    [
      'DICOM’s audience for FHIR',
      fhir({ audience: 'https://dicom.healthcareapis.azure.com' }),
      /the one of DICOM services/,
      /leave "audience" out/,
    ],
    ['the key resource', fhir({ resource: own }), /unknown key "resource"/, /"audience"/],
    ['the key scope', fhir({ scope: own }), /unknown key "scope"/, /"scopes"/],
    ['the key authority', dev({ authority: 'https://login.microsoftonline.com/x' }), /unknown key "authority"/, /"authorityHost"/],
    ['the key certificatePath', dev({ certificatePath: 'x.pem' }), /unknown key "certificatePath"/, /hallpass cert/],
  ])
})

t.test('what goes wrong between the portal and the file is named', async t => {
  holds(t, [
    ['the tenant as client', dev({ clientId: tenantId }), /"clientId" is the same as "tenantId"/, /Application \(client\) ID/],
    ['braces', dev({ clientId: `{${clientId}}` }), /"clientId" has braces around it/, new RegExp(`"${clientId}"`)],
    ['spaces', dev({ tenantId: ` ${tenantId}\n` }), /"tenantId" has spaces around it/, new RegExp(`"${tenantId}"`)],
    ['quotes', dev({ tenantId: `“${tenantId}”` }), /"tenantId" has quotes around it/, new RegExp(`"${tenantId}"`)],
    ['any tenant', dev({ tenantId: 'Common' }), /"common", which names no tenant/, /Directory \(tenant\) ID/],
    ['an object ID key', dev({ objectId: clientId }), /unknown key "objectId"/, /not the object ID/],
    [
      'a FHIR address with a path',
      fhir({ origin: 'https://ws-fhir.fhir.azurehealthcareapis.com/metadata' }),
      /has no path/,
      /azurehealthcareapis\.com"/,
    ],
    ['a DICOM address that goes on', dicom({ origin: 'https://ws-d.dicom.azurehealthcareapis.com/v2/studies' }), /goes on after/, /\/v2"/],
    ['the retired service', fhir({ origin: 'https://account.azurehealthcareapis.com' }), /retired Azure API for FHIR/, /add "kind"/],
    ['the wrong kind', fhir({ kind: 'dicom' }), /the origin is a fhir service/, /Leave "kind" out/],
    ['a tab in the address', fhir({ origin: 'https://ws\t-fhir.fhir.azurehealthcareapis.com' }), /is not written plainly/, /service URL/],
    [
      'dots in the address',
      fhir({ origin: 'https://x.example/a/../b', kind: 'fhir', audience: 'api://x' }),
      /is not written plainly/,
      /service URL/,
    ],
    ['an empty query', fhir({ origin: 'https://ws-fhir.fhir.azurehealthcareapis.com?' }), /query/, /service URL/],
    [
      'an authority nearly Microsoft’s',
      dev({ authorityHost: 'login.microsoftonlne.com' }),
      /not Microsoft’s, but nearly/,
      /"login\.microsoftonline\.com"/,
    ],
    ['an authority with a path', dev({ authorityHost: 'login.microsoftonline.com/x' }), /not a host name/, /host alone/],
    ['prefixes alike', change(d => (d.routes['/FHIR'] = d.routes['/fhir'])), /differ in capitals only/, /Rename/],
    ['our own pages as redirect', dev({ redirectUri: 'http://localhost/-/sign-in' }), /lies under \/-\//, /\/-\/callback/],
    ['a profile name for the shell', change(d => (d.profiles['a b'] = d.profiles.dev)), /no name for a profile/, /letters/],
    ['no profile name', change(d => (d.profiles[''] = d.profiles.dev)), /no name for a profile/, /letters/],
  ])
})

t.test('clouds: the authority follows from the origins, and what is not known is asked for', async t => {
  const gov = (more: object = {}) =>
    change(d => {
      d.routes['/fhir'].origin = 'https://ws-fhir.fhir.azurehealthcareapis.us'
      d.routes['/dicom'] = { origin: 'https://ws-d.dicom.azurehealthcareapis.us/v2', profile: 'dev', ...more }
    })
  const { profiles, routes, warnings } = parse(gov({ audience: 'https://dicom.gov.example' })).resolved
  t.equal(profiles.get('dev')?.authorityHost, 'login.microsoftonline.us')
  t.strictSame(routes[1]?.scopes, ['https://dicom.gov.example/.default'])
  t.strictSame(warnings, [])
  holds(t, [
    ['no audience', gov(), /documented nowhere/, /Add "audience"/],
    [
      'two clouds',
      change(d => (d.routes['/fhir'].origin = 'https://ws.fhir.azurehealthcareapis.us')),
      /in one cloud .* in another/,
      /for each cloud/,
    ],
  ])
  const mixed = parse(change(d => (d.profiles.dev.authorityHost = 'login.microsoftonline.us'))).resolved
  t.match(mixed.warnings, [/authorityHost is login\.microsoftonline\.us/])
  const china = change(d => {
    d.profiles.dev.authorityHost = 'login.partner.microsoftonline.cn'
    d.routes = { '/fhir': { origin: 'https://fhir.example.cn', kind: 'fhir', audience: 'https://fhir.example.cn', profile: 'dev' } }
  })
  t.equal(parse(china).resolved.profiles.get('dev')?.authorityHost, 'login.partner.microsoftonline.cn')
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
