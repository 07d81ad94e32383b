// The configuration: what is valid is understood, and every fault names its place and its remedy.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { pathsOf } from '../../src/config/paths.ts'
import { environmentName, flagName } from '../../src/config/schema.ts'
import { failure, valid } from '../fixtures/configurations.ts'

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
  writeFileSync(join(folder, 'hallpass.jsonc'), `\uFEFF// mine\n${JSON.stringify(valid).replace(/\}$/, ', /* port */ "port": 4000, }')}`, {
    mode: 0o600,
  })
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

t.test('a file that others may write is refused: they would choose where bearers go', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'hallpass.jsonc')
  writeFileSync(path, JSON.stringify(valid), { mode: 0o600 })
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
  writeFileSync(join(folder, 'hallpass.jsonc'), JSON.stringify(valid), { mode: 0o600 })
  t.match(
    failure(() => loadConfig({ flags: { port: 'x' }, env: {}, ...at(folder) })),
    { code: 'setting-invalid', message: /--port: "x" is not a whole number from 0 to 65535/ },
  )
  t.match(
    failure(() => loadConfig({ flags: {}, env: { HALLPASS_VAULT: 'disk' }, ...at(folder) })),
    { message: /HALLPASS_VAULT: "disk" is not one of auto, keychain, sealed-file, memory/ },
  )
  t.match(loadConfig({ flags: {}, env: { HALLPASS_PROT: '1', HALLPASS_TEST_FULL: '1' }, ...at(folder) }).warnings, [
    /HALLPASS_PROT is not read.*HALLPASS_PORT/,
  ])
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
