// The configuration: what is valid is understood, and every fault names its place and its remedy.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { pathsOf } from '../../src/config/paths.ts'
import { environmentName, flagName } from '../../src/config/schema.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'

const tenantId = '11111111-2222-4333-8444-555555555555'
const clientId = '66666666-7777-4888-9999-000000000000'
const valid = {
  profiles: { dev: { tenantId, clientId } },
  routes: {
    '/fhir': { origin: 'https://ws-fhir.fhir.azurehealthcareapis.com', profile: 'dev' },
    '/dicom': { origin: 'https://ws-dicom.dicom.azurehealthcareapis.com/v2/', profile: 'dev' },
  },
}

function failure(action: () => unknown): HallpassError {
  try {
    action()
  } catch (error) {
    if (error instanceof HallpassError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** A place whose own configuration lies in a folder. */
const at = (folder: string) => ({ cwd: folder, home: folder, paths: { config: folder, state: join(folder, 'state') } })

const parse = (value: unknown) => parseConfig(typeof value === 'string' ? value : JSON.stringify(value, null, 2), 'hallpass.jsonc')

t.test('kind, audience and scopes come from the service URL', async t => {
  const { profiles, routes } = parse(valid).resolved
  const [fhir, dicom] = routes
  t.match(fhir, {
    prefix: '/fhir',
    origin: 'https://ws-fhir.fhir.azurehealthcareapis.com',
    basePath: '',
    kind: 'fhir',
    audience: 'https://ws-fhir.fhir.azurehealthcareapis.com',
    scopes: ['https://ws-fhir.fhir.azurehealthcareapis.com/user_impersonation'],
  })
  t.match(dicom, {
    origin: 'https://ws-dicom.dicom.azurehealthcareapis.com',
    basePath: '/v2',
    kind: 'dicom',
    audience: 'https://dicom.healthcareapis.azure.com',
    scopes: ['https://dicom.healthcareapis.azure.com/Dicom.ReadWrite'],
  })
  t.match(profiles.get('dev'), {
    flow: 'authorization-code',
    credential: 'none',
    responseMode: 'form_post',
    redirectUri: { host: 'localhost', port: undefined, path: '/-/callback' },
  })
})

t.test('a resource application of one’s own is asked for what its registration lists', async t => {
  const own = structuredClone(valid) as { routes: Record<string, Record<string, unknown>> }
  own.routes['/dicom'] = { ...own.routes['/dicom'], audience: 'api://my-dicom' }
  t.strictSame(parse(own).resolved.routes[1]?.scopes, ['api://my-dicom/.default'])
})

t.test('comments, trailing commas and a byte order mark are no faults', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'hallpass.jsonc'), `\uFEFF// mine\n${JSON.stringify(valid).replace(/\}$/, ', /* port */ "port": 4000, }')}`)
  const config = loadConfig({ flags: {}, env: {}, ...at(folder) })
  t.equal(config.settings.port, 4000)
  t.equal(
    loadConfig({ flags: {}, env: { HALLPASS_PORT: '4001' }, ...at(folder) }).settings.port,
    4001,
    'the environment wins over the file',
  )
  t.equal(
    loadConfig({ flags: { port: '4002' }, env: { HALLPASS_PORT: '4001' }, ...at(folder) }).settings.port,
    4002,
    'a flag wins over both',
  )
  t.equal(config.settings.signInWaitSeconds, 120, 'the default where nobody says anything')
})

t.test('every fault has its place, and says what to do', async t => {
  const change = (edit: (document: Record<string, any>) => void) => {
    const document = structuredClone(valid)
    edit(document)
    return document
  }
  const cases: [string, unknown, RegExp, RegExp][] = [
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
  for (const [name, document, what, remedy] of cases) {
    const error = failure(() => parse(document))
    t.match(error.summary, what, `${name}: ${error.summary}`)
    t.match(error.remedy, remedy, `${name}: ${error.remedy}`)
    t.equal(error.entry.exitCode, 2)
  }
})

t.test('a file that others may write is refused: they would choose where bearers go', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'hallpass.jsonc')
  writeFileSync(path, JSON.stringify(valid))
  chmodSync(path, 0o666)
  t.match(
    failure(() => loadConfig({ flags: {}, env: {}, ...at(folder) })),
    { code: 'config-unreadable' },
  )
  chmodSync(path, 0o644)
  t.ok(loadConfig({ flags: {}, env: {}, ...at(folder) }))
  t.match(
    failure(() => loadConfig({ flags: { config: join(folder, 'none') }, env: {}, ...at(folder) })),
    { code: 'config-missing' },
  )
  t.match(
    failure(() => loadConfig({ flags: { config: folder }, env: {}, ...at(folder) })),
    { code: 'config-unreadable', message: /folder/ },
  )
})

t.test('settings from flags and environment are checked and named', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'hallpass.jsonc'), JSON.stringify(valid))
  t.match(
    failure(() => loadConfig({ flags: { port: 'x' }, env: {}, ...at(folder) })),
    { code: 'setting-invalid', message: /--port: "x" is not a whole number from 0 to 65535/ },
  )
  t.match(
    failure(() => loadConfig({ flags: {}, env: { HALLPASS_VAULT: 'disk' }, ...at(folder) })),
    { message: /HALLPASS_VAULT: "disk" is not one of auto, keychain, memory/ },
  )
  t.equal(environmentName('signInWaitSeconds'), 'HALLPASS_SIGN_IN_WAIT_SECONDS')
  t.equal(flagName('signInWaitSeconds'), 'sign-in-wait-seconds')
})

t.test('folders follow each system’s own rules', async t => {
  t.strictSame(pathsOf('linux', { XDG_RUNTIME_DIR: '/run/user/1' }, '/home/a'), {
    config: '/home/a/.config/hallpass',
    state: '/home/a/.local/state/hallpass',
    runtime: '/run/user/1/hallpass',
  })
  t.equal(
    pathsOf('linux', { XDG_RUNTIME_DIR: 'relative' }, '/home/a').runtime,
    '/home/a/.local/state/hallpass/run',
    'relative paths are ignored',
  )
  t.match(pathsOf('darwin', {}, '/Users/a').config, /Application Support/)
})
