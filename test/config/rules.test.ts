// The rules that no schema can say: flows and credentials, audiences and scopes, clouds, and what goes wrong on the way from the portal.
import t from 'tap'
import { type Case, change, clientId, dev, dicom, fhir, holds, parse, tenantId } from '../fixtures/configurations.ts'

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

t.test('an audience of another service of Microsoft is refused at every origin: its tokens are not for a health data service', async t => {
  const elsewhere = (audience: string) => fhir({ origin: 'https://fhir.example', kind: 'fhir', audience })
  const foreign = [
    ...[
      'https://management.azure.com',
      'https://MANAGEMENT.core.windows.net/',
      'https://management.usgovcloudapi.net',
      'https://management.chinacloudapi.cn',
    ],
    ...[
      'https://graph.microsoft.com',
      'https://graph.microsoft.us',
      'https://dod-graph.microsoft.us',
      'https://microsoftgraph.chinacloudapi.cn',
    ],
    ...[
      'https://graph.windows.net',
      'https://vault.azure.net',
      'https://vault.usgovcloudapi.net',
      'https://vault.azure.cn',
      'https://my.vault.azure.net',
    ],
    ...[
      'https://storage.azure.com',
      'https://account.blob.core.windows.net',
      'https://database.windows.net',
      'https://database.usgovcloudapi.net',
    ],
    ...[
      'https://api.loganalytics.io',
      'https://api.loganalytics.us',
      'https://api.applicationinsights.io',
      'https://outlook.office365.com',
    ],
    ...[
      'https://management.azure.com:443',
      'https://management.azure.com.',
      'https://management%2eazure.com',
      'http://graph.microsoft.com',
    ],
    ...['00000003-0000-0000-c000-000000000000', 'api://797f4846-ba00-4fd7-ba43-dac1f8f63013', 'CFA8B339-82a2-471a-a3c9-0fc0be7a4093'],
    ...['https://contoso.sharepoint.com', 'https://org.crm4.dynamics.com', 'https://servicebus.azure.net', 'https://cosmos.azure.com'],
  ]
  const what = /another service of Microsoft/
  holds(t, [
    ...foreign.map((audience): Case => [audience, elsewhere(audience), what, /Authentication page/]),
    ['at Azure’s FHIR service', fhir({ audience: 'https://management.azure.com' }), what, /Authentication page/],
    ['at Azure’s DICOM service', dicom({ audience: 'https://graph.microsoft.com' }), what, /Authentication page/],
  ])
  for (const audience of [
    ...['https://fhir.example', 'api://0a0a0a0a-1111-4222-8333-444444444444', 'https://notazure.com', 'https://azure.com.example'],
    ...['https://ws.fhir.azurehealthcareapis.com', 'https://ws.fhir.azurehealthcareapis.us', 'https://fhir.westeurope.cloudapp.azure.com'],
    ...['https://contoso.onmicrosoft.com/fhir', 'https://gateway.azure-api.net'],
    ...['https://fhir.usgovvirginia.cloudapp.usgovcloudapi.net', 'https://fhir.chinanorth.cloudapp.chinacloudapi.cn'],
  ])
    t.equal(parse(elsewhere(audience)).resolved.routes[0]?.audience, audience)
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
    [
      'a field of the connection',
      fhir({ forwardFields: ['X-Trace', 'Host'] }),
      /"Host" is never forwarded: it belongs to one/,
      /Take it out/,
    ],
    ['a field of ours, for all', change(d => (d.forwardFields = ['Hallpass-Key'])), /"Hallpass-Key" is never forwarded/, /Take it out/],
    ['a redirect URI with blanks', dev({ redirectUri: 'http://localhost/a b' }), /characters in it that no URI has/, /ASCII/],
    ['a path with an escape', dicom({ origin: 'https://ws-d.dicom.azurehealthcareapis.com/v2%2f' }), /a path that no service has/, /alone/],
    [
      'a path with a parameter',
      dicom({ origin: 'https://ws-d.dicom.azurehealthcareapis.com/v2;x' }),
      /a path that no service has/,
      /alone/,
    ],
    ['an empty segment', dicom({ origin: 'https://ws-d.dicom.azurehealthcareapis.com//v2' }), /a path that no service has/, /alone/],
    ['a user name alone', fhir({ origin: 'https://ada@ws-fhir.fhir.azurehealthcareapis.com' }), /user name or password/, /alone/],
    ['another scheme', fhir({ origin: 'ftp://localhost', kind: 'fhir', audience: 'api://x' }), /must be https/, /alone/],
    ['a prefix that is ours', change(d => (d.routes['/-'] = d.routes['/fhir'])), /"\/-" is no route prefix/, /"\/-" is taken/],
    ['a prefix of two segments', change(d => (d.routes['/a/b'] = d.routes['/fhir'])), /no route prefix/, /one path segment/],
    ['a prefix that begins with a dot', change(d => (d.routes['/..'] = d.routes['/fhir'])), /no route prefix/, /one path segment/],
    ['a prefix with a query', change(d => (d.routes['/a?b'] = d.routes['/fhir'])), /no route prefix/, /one path segment/],
    ['a sandbox by https', dev({ sandbox: 'https://localhost:1' }), /http URL on localhost/, /printed/],
    ['a sandbox with a path', dev({ sandbox: 'http://localhost:1/x' }), /http URL on localhost/, /printed/],
    ['a sandbox that begins like localhost', dev({ sandbox: 'http://localhost.evil.example' }), /http URL on localhost/, /printed/],
    ['the route itself as redirect', dev({ redirectUri: 'http://localhost/fhir' }), /lies under the route \/fhir/, /another path/],
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
