// Where a configuration is found, whom it is believed, and what only the user's own file may say.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { examineConfig, loadConfig } from '../../src/config/load.ts'
import { locateConfig } from '../../src/config/locate.ts'
import { isTrusted, recordTrust, trustPath } from '../../src/config/trust.ts'
import { replacePrivateFile } from '../../src/files/private-files.ts'
import { change, clientId, failure, tenantId, valid } from '../fixtures/configurations.ts'

/** A home folder with a place for the user's own file and a project two levels deep. */
function createPlaces(t: Test) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'hallpass-trust-')))
  t.teardown(() => rmSync(root, { recursive: true }))
  const folder = (...names: string[]) => {
    const path = join(root, ...names)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  const home = folder('home')
  const project = folder('home', 'project')
  const paths = { config: folder('home', '.config', 'hallpass'), state: folder('home', '.state') }
  const place = { flags: {}, env: {}, cwd: folder('home', 'project', 'src', 'deep'), home, paths }
  const write = (path: string, document: unknown, mode = 0o600) => {
    writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document, null, 2), { mode })
    chmodSync(path, mode)
    return path
  }
  return { root, home, project, folder, place, write, own: join(paths.config, 'hallpass.jsonc'), file: join(project, 'hallpass.jsonc') }
}

t.test('flag, then environment, then the nearest project file, then the user’s own', async t => {
  const { home, project, place, write, own, file, folder } = createPlaces(t)
  t.strictSame(locateConfig(place), { path: own, by: 'own' }, 'nothing is there: the own one is missing')
  write(own, valid)
  write(join(home, 'hallpass.jsonc'), valid)
  t.strictSame(locateConfig(place), { path: own, by: 'own' }, 'the search ends before the home folder')
  write(file, valid)
  t.strictSame(locateConfig(place), { path: file, by: 'project' })
  const nearer = write(join(project, 'src', 'hallpass.jsonc'), valid)
  t.strictSame(locateConfig(place), { path: nearer, by: 'project' })
  t.strictSame(locateConfig({ ...place, env: { HALLPASS_CONFIG: '../x.jsonc' } }), {
    path: join(project, 'src', 'x.jsonc'),
    by: 'environment',
  })
  t.strictSame(locateConfig({ ...place, env: { HALLPASS_CONFIG: 'x' }, flags: { config: '/y' } }), { path: '/y', by: 'flag' })
  t.strictSame(
    locateConfig({ ...place, cwd: folder('home', '.config', 'hallpass', 'in') }),
    { path: own, by: 'own' },
    'the own file is no project file',
  )
  const link = join(home, 'link')
  symlinkSync(home, link)
  t.strictSame(
    locateConfig({ ...place, home: link, cwd: join(link, '.config') }),
    { path: own, by: 'own' },
    'links to the home folder are seen through',
  )
})

t.test('a project file is trusted by its exact content, once', async t => {
  const { place, write, file, folder } = createPlaces(t)
  write(file, valid)
  const error = failure(() => loadConfig(place))
  t.match(error, { code: 'config-untrusted', entry: { exitCode: 2 } })
  t.match(error.remedy, `hallpass config trust "${file}"`)
  const { sha256, trusted, config } = examineConfig(place)
  t.equal(trusted, false)
  t.equal(config.routes.length, 2, 'it can be shown before it is trusted')
  recordTrust(place.paths.state, { sha256, path: file, now: Date.UTC(2026, 0, 1) })
  t.equal(loadConfig(place).path, file)
  t.equal(statSync(trustPath(place.paths.state)).mode & 0o777, 0o600)
  t.match(JSON.parse(readFileSync(trustPath(place.paths.state), 'utf8')), {
    version: 1,
    trusted: [{ sha256, path: file, trustedAt: '2026-01-01T00:00:00.000Z' }],
  })
  write(file, `${JSON.stringify(valid, null, 2)} `)
  t.match(
    failure(() => loadConfig(place)),
    { code: 'config-untrusted' },
    'one more space is another content',
  )
  recordTrust(place.paths.state, { sha256: examineConfig(place).sha256, path: file, now: 0 })
  t.ok(loadConfig(place), 'that one is trusted too')
  const elsewhere = folder('home', 'elsewhere')
  write(join(elsewhere, 'hallpass.jsonc'), JSON.stringify(valid, null, 2))
  t.equal(
    loadConfig({ ...place, cwd: elsewhere }).path,
    join(elsewhere, 'hallpass.jsonc'),
    'the same content elsewhere is the same content',
  )
  write(file, valid, 0o666)
  t.ok(loadConfig(place), 'its content is pinned: who else may write it does not matter')
  t.ok(
    loadConfig({
      ...place,
      flags: {
        config: write(
          join(elsewhere, 'own.jsonc'),
          change(d => (d.port = 1)),
        ),
      },
    }),
    'what is named is believed',
  )
})

t.test('a list of the trusted that others may have written is refused', async t => {
  const { root, place, write } = createPlaces(t)
  const path = trustPath(place.paths.state)
  const sha256 = 'a'.repeat(64)
  const list = JSON.stringify({ version: 1, trusted: [{ sha256, path: '/x' }] })
  write(path, list)
  t.equal(isTrusted(place.paths.state, sha256), true)
  chmodSync(path, 0o622)
  t.match(
    failure(() => isTrusted(place.paths.state, sha256)),
    { code: 'state-folder-unsafe', message: /other users may write/ },
  )
  rmSync(path)
  symlinkSync(write(join(root, 'planted'), list), path)
  t.match(
    failure(() => isTrusted(place.paths.state, sha256)),
    { code: 'state-folder-unsafe', message: /symbolic link/ },
  )
  rmSync(path)
  for (const text of [
    '',
    '{',
    'null',
    JSON.stringify({ version: 2, trusted: [{ sha256, path: '/x' }] }),
    '{"version":1,"trusted":[null,5,{}]}',
    '[]',
  ]) {
    write(path, text)
    t.equal(isTrusted(place.paths.state, sha256), false, `nothing is trusted by ${text}`)
  }
  recordTrust(place.paths.state, { sha256, path: '/x', now: 0 })
  t.equal(isTrusted(place.paths.state, sha256), true)
  for (const other of [`${'a'.repeat(63)}b`, 'a', '', sha256.toUpperCase()]) t.equal(isTrusted(place.paths.state, other), false, other)
  chmodSync(place.paths.state, 0o755)
  t.match(
    failure(() => recordTrust(place.paths.state, { sha256, path: '/x', now: 0 })),
    { code: 'state-folder-unsafe', message: /may enter/ },
  )
})

t.test('of very many that are trusted the oldest are forgotten', async t => {
  const { place } = createPlaces(t)
  const { state } = place.paths
  const hashOf = (index: number) => String(index).padStart(64, '0')
  const trusted = Array.from({ length: 500 }, (_, index) => ({ sha256: hashOf(index), path: '/x' }))
  replacePrivateFile(trustPath(state), JSON.stringify({ version: 1, trusted }))
  recordTrust(state, { sha256: hashOf(500), path: '/x', now: 0 })
  t.strictSame(
    [0, 1, 500].map(index => isTrusted(state, hashOf(index))),
    [false, true, true],
  )
})

t.test('what only the user’s own file may say is refused in a project file, trusted or not', async t => {
  const { place, write, own, file } = createPlaces(t)
  const cases: [string, Record<string, unknown>, RegExp][] = [
    [
      'another host',
      change(
        d =>
          (d.routes['/fhir'] = {
            origin: 'https://evil.example',
            kind: 'fhir',
            audience: 'https://ws-fhir.fhir.azurehealthcareapis.com',
            profile: 'dev',
          }),
      ),
      /routes|origin outside/,
    ],
    [
      'a host that ends alike',
      change(
        d => (d.routes['/fhir'] = { origin: 'https://evilazurehealthcareapis.com', kind: 'fhir', audience: 'api://x', profile: 'dev' }),
      ),
      /origin outside/,
    ],
    ...['ws.fhir.azurehealthcareapis.com.evil.example', 'ws.fhir.azurehealthcareapis-com'].map(
      (host): [string, Record<string, unknown>, RegExp] => [
        host,
        change(d => (d.routes['/fhir'] = { origin: `https://${host}`, kind: 'fhir', audience: 'api://x', profile: 'dev' })),
        /origin outside/,
      ],
    ),
    ['another port', change(d => (d.routes['/fhir'].origin += ':8443')), /origin outside/],
    [
      'a program on this machine',
      change(d => (d.routes['/fhir'] = { origin: 'http://localhost:9', kind: 'fhir', audience: 'api://x', profile: 'dev' })),
      /origin outside/,
    ],
    ['a passphrase that somebody else knows', change(d => (d.vaultPassphraseFile = '/tmp/known')), /passphrase under which/],
    ['an authority for certificates', change(d => (d.caFile = '/tmp/known.pem')), /certificate authorities/],
    ['another audience', change(d => (d.routes['/fhir'].audience = 'https://other.fhir.azurehealthcareapis.com')), /another audience/],
    [
      'DICOM’s in US Government',
      change(
        d =>
          (d.routes = {
            '/d': {
              origin: 'https://a-b.dicom.azurehealthcareapis.us/v2',
              audience: 'https://other.fhir.azurehealthcareapis.us',
              profile: 'dev',
            },
          }),
      ),
      /another audience/,
    ],
    [
      'a scope of another resource',
      change(d => (d.routes['/fhir'].scopes = ['https://management.azure.com/.default'])),
      /another resource/,
    ],
    ['a sandbox', change(d => (d.profiles.dev.sandbox = 'http://localhost:1234')), /sandbox/],
    ['a foreign authority', change(d => (d.profiles.dev.authorityHost = 'login.evil.example')), /authority that is not Microsoft/],
  ]
  for (const [name, document, what] of cases) {
    write(file, document)
    const error = failure(() => examineConfig(place))
    t.match(error.summary, what, `${name}: ${error.summary}`)
    if (name !== 'a scope of another resource') {
      t.match(error.remedy, own, 'the remedy names the own file')
      t.ok(loadConfig({ ...place, flags: { config: file } }), `${name}: the user may say so`)
    }
  }
  write(
    file,
    change(d => (d.routes['/dicom'].audience = 'https://dicom.healthcareapis.azure.com')),
  )
  t.ok(examineConfig(place), 'the origin’s own audience may be spelt out')
  write(
    file,
    change(d => (d.profiles.dev = {})),
  )
  t.match(examineConfig({ ...place, env: { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId } }).config.profiles.get('dev'), {
    clientId,
  })
})

t.test('nobody else may have a say in the own file', async t => {
  const { root, place, write, own, folder } = createPlaces(t)
  const refused = (why: RegExp, name: string) => {
    const error = failure(() => loadConfig(place))
    t.match(error, { code: 'config-unreadable', message: why }, name)
    rmSync(own, { recursive: true, force: true })
  }
  write(own, valid, 0o620)
  refused(/other users may write it/, 'the group may write it')
  mkdirSync(own)
  refused(/it is a folder/, 'a folder')
  symlinkSync('/dev/zero', own)
  refused(/not a file|larger|folder/, 'a device')
  symlinkSync(own, own)
  refused(/circle/, 'a link to itself')
  write(own, '\ufeff'.padEnd((1 << 20) + 1))
  refused(/larger than 1 MiB/, 'too large')
  writeFileSync(own, Buffer.from('{"profiles": {"\xff": {}}}', 'latin1'), { mode: 0o600 })
  refused(/not UTF-8/, 'not UTF-8')
  const shared = folder('shared')
  symlinkSync(write(join(shared, 'real.jsonc'), valid), own)
  t.ok(loadConfig(place), 'a link to a file of one’s own')
  chmodSync(shared, 0o777)
  refused(/every user may write the folder .*shared/, 'a link into a folder that everybody may write')
  chmodSync(shared, 0o1777)
  t.ok(loadConfig({ ...place, flags: { config: join(shared, 'real.jsonc') } }), 'an own file in a folder like /tmp')
  chmodSync(place.paths.config, 0o777)
  write(own, valid)
  t.match(
    failure(() => loadConfig(place)),
    { code: 'config-unreadable', message: /every user may write the folder/ },
  )
  t.match(
    failure(() => loadConfig({ ...place, flags: { config: join(root, 'none', 'x') } })),
    { code: 'config-missing' },
  )
  if (process.getuid?.() !== 0) return
  chmodSync(place.paths.config, 0o700)
  const { chownSync, lchownSync } = await import('node:fs')
  chownSync(own, 12345, 12345)
  refused(/it belongs to another user/, 'a foreign file')
  write(own, valid)
  chownSync(place.paths.config, 12345, 12345)
  refused(/the folder .* belongs to another user/, 'a file of one’s own in a foreign folder')
  const link = join(shared, 'link.jsonc')
  symlinkSync(join(shared, 'real.jsonc'), link)
  const linked = { ...place, flags: { config: link } }
  t.ok(loadConfig(linked), 'an own link in a folder like /tmp')
  lchownSync(link, 12345, 12345)
  t.match(
    failure(() => loadConfig(linked)),
    { code: 'config-unreadable', message: /the link .* on the way to it belongs to another user/ },
    'a foreign link there',
  )
})
