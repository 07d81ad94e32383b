// Holds the tree to the import table: which room may know which, who may touch the process, and that nothing goes round in circles.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

type Import = { from: string; to: string; typeOnly: boolean }

/** What each room may import beside itself, `terms` and `errors`; `T` after a room means types only. */
const table: Readonly<Record<string, string>> = {
  terms: '',
  errors: 'terms',
  files: '',
  config: 'files',
  explain: '',
  journal: 'config T',
  network: 'files, config T',
  vault: 'config T',
  guard: 'config T, journal T',
  connect: 'config T',
  identity: 'vault T, network, config T',
  broker: 'identity T, vault T, config T, journal T',
  proxy: 'broker T, network, config T, journal T',
  register: 'config T, explain',
  doctor: 'config, vault, identity, broker, guard, network, explain',
  control: 'broker T, doctor, journal, explain, connect, config T',
  'control/client': 'files',
  dashboard: 'control/client T',
  daemon: 'files, guard, proxy, control, control/client, journal, config T',
  sandbox: '',
  cli: 'config, doctor, explain, connect, register, control/client, compose, daemon/service',
  compose:
    'terms, errors, files, config, explain, journal, network, vault, guard, connect, identity, broker, proxy, register, doctor, control, control/client, dashboard, daemon',
  main: 'cli, compose',
}

/** Packages that only one room may know. */
const owners: Readonly<Record<string, string>> = {
  '@azure/msal-node': 'identity',
  '@napi-rs/keyring': 'vault',
  'jsonc-parser': 'config',
  open: 'daemon',
  jose: 'sandbox',
  dcmjs: 'sandbox',
  '@medplum/core': 'sandbox',
  '@medplum/fhir-router': 'sandbox',
}

const entries = ['main.ts', 'vault/keychain-child.ts', 'sandbox/main.ts']

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(file => /\.tsx?$/.test(file))
  .map(file => file.replaceAll('\\', '/'))
const imports = files.flatMap(importsOf)

t.test('every import is one that the table allows', async t => {
  for (const { from, to, typeOnly } of imports) {
    const [here, there] = [roomOf(from), roomOf(to)]
    if (here === there || (here === 'control' && there === 'control/client')) continue
    const free = here === 'sandbox' || here === 'terms' || here === 'errors' ? [] : ['terms', 'errors']
    const allowed = [...free, ...(table[here] ?? '').split(', ')]
    const fits = allowed.includes(there) || (typeOnly && allowed.includes(`${there} T`))
    if (!fits) t.fail(`${from} may not import ${to}${typeOnly ? ' (types)' : ''}`)
  }
  t.ok(imports.length > 100, `${imports.length} imports were looked at`)
})

t.test('every room is in the table', async t => {
  t.strictSame(
    [...new Set(files.map(roomOf))].filter(room => !(room in table)),
    [],
  )
})

t.test('no import goes round in a circle', async t => {
  const edges = new Map<string, string[]>()
  for (const { from, to, typeOnly } of imports) if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to])
  const state = new Map<string, 'open' | 'done'>()
  const circles: string[] = []
  const visit = (file: string, way: string[]) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') return void circles.push([...way, file].join(' -> '))
    state.set(file, 'open')
    for (const next of edges.get(file) ?? []) visit(next, [...way, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  t.strictSame(circles, [])
})

t.test('a package that one room owns is imported nowhere else', async t => {
  for (const file of files)
    for (const { name } of packagesOf(file)) {
      const owner = owners[name]
      if (owner && roomOf(file) !== owner) t.fail(`${file} may not import ${name}`)
    }
  t.end()
})

t.test('only the sandbox knows development packages', async t => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  for (const file of files.filter(file => roomOf(file) !== 'sandbox'))
    for (const { name } of packagesOf(file)) t.ok(name in dependencies, `${file} imports ${name}`)
})

t.test('only entry files touch the process, and nobody prints but the command line', async t => {
  const process = /\bprocess\.(env|argv|exit|exitCode|cwd|on|once|kill|stdin|stdout|stderr)\b/
  for (const file of files.filter(file => !entries.includes(file))) {
    const code = codeOf(file)
    t.notMatch(code, process, `${file} leaves the process alone`)
    t.notMatch(code, /\bconsole\./, `${file} does not print`)
  }
})

t.test('only `try` loads the sandbox, as a process of its own', async t => {
  t.strictSame(
    imports.filter(({ from, to }) => roomOf(to) === 'sandbox' && roomOf(from) !== 'sandbox'),
    [],
  )
})

t.test('no package that is needed has an install script', async t => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean; dev?: boolean }>
  }
  const scripted = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript)
  t.strictSame(
    scripted.filter(([, { dev }]) => !dev).map(([name]) => name),
    [],
    'no runtime package has one',
  )
  // Their scripts never run here (the set-up says --ignore-scripts): esbuild's only speeds up its start, core-js's only prints.
  t.strictSame(scripted.map(([name]) => name).sort(), ['node_modules/core-js-pure', 'node_modules/esbuild'])
})

function roomOf(file: string): string {
  if (file.startsWith('control/client/')) return 'control/client'
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '')
}

function codeOf(file: string): string {
  return readFileSync(join('src', file), 'utf8')
}

function statementsOf(file: string): { specifier: string; typeOnly: boolean }[] {
  const statement = /^(?:import|export)\s+(type\s+)?([^'"]*?from\s+)?'([^']+)'/gm
  const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g
  const code = codeOf(file)
  return [
    ...[...code.matchAll(statement)].map(([, type, names, specifier]) => ({
      specifier: specifier ?? '',
      typeOnly: Boolean(type) || onlyTypes(names),
    })),
    ...[...code.matchAll(dynamic)].map(([, specifier]) => ({ specifier: specifier ?? '', typeOnly: false })),
  ]
}

/** `import { type A, type B } from` imports types only. */
function onlyTypes(names: string | undefined): boolean {
  const list = /^\{([^}]*)\}\s*from\s+$/.exec(names ?? '')?.[1]
  return list?.split(',').every(name => !name.trim() || name.trim().startsWith('type ')) ?? false
}

function importsOf(file: string): Import[] {
  return statementsOf(file)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, typeOnly }) => ({
      from: file,
      to: relative('src', join('src', dirname(file), specifier)).replaceAll('\\', '/'),
      typeOnly,
    }))
}

function packagesOf(file: string): { name: string }[] {
  return statementsOf(file)
    .filter(({ specifier }) => !/^(\.|node:)/.test(specifier))
    .map(({ specifier }) => ({
      name: specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    }))
}
