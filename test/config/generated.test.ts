// What is generated from the definition is what lies in the tree, and the examples are valid by schema and by rule.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { jsonSchemaText } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { referencePage } from '../../src/config/reference.ts'
import { configSchema } from '../../src/config/schema.ts'
import { change, valid } from '../fixtures/configurations.ts'

const examples = readdirSync('config/examples').filter(file => file.endsWith('.jsonc'))

t.test('schema and reference page are what the definition says', async t => {
  t.equal(readFileSync('config/hallpass.schema.json', 'utf8'), jsonSchemaText(), 'run `node scripts/generate.js`')
  t.equal(readFileSync('docs/configuration.md', 'utf8'), referencePage(), 'run `node scripts/generate.js`')
  for (const name of Object.keys(configSchema.properties)) t.ok(referencePage().includes(name), name)
})

t.test('every example is valid, without a warning, and names the schema on its first line', async t => {
  t.ok(examples.length >= 8, examples.join(' '))
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-examples-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const schema = Compile(JSON.parse(jsonSchemaText()) as TSchema)
  for (const file of examples) {
    const path = join('config/examples', file)
    const text = readFileSync(path, 'utf8')
    t.match(text.split('\n')[0], '"$schema": "../hallpass.schema.json"', file)
    const { values, resolved } = parseConfig(text, path)
    t.strictSame(resolved.warnings, [], file)
    t.ok(schema.Check(values), `${file} fits the generated schema`)
    // A clone's files may be writable by a group.
    const copy = join(folder, file)
    writeFileSync(copy, text, { mode: 0o600 })
    const config = loadConfig({
      flags: { config: copy },
      env: {},
      cwd: process.cwd(),
      home: folder,
      paths: { config: folder, state: folder },
    })
    t.equal(config.routes.length, Object.keys(values.routes).length)
  }
})

t.test('the generated schema refuses what its words forbid', async t => {
  const schema = Compile(JSON.parse(jsonSchemaText()) as TSchema)
  t.ok(schema.Check(valid))
  for (const [name, document] of Object.entries({
    'an unknown key': change(d => (d.prot = 1)),
    'a prefix of two segments': change(d => (d.routes['/a/b'] = d.routes['/fhir'])),
    'a profile name with a space': change(d => (d.profiles['a b'] = {})),
    'an unknown flow': change(d => (d.profiles.dev.flow = 'implicit')),
    'a port in quotes': change(d => (d.port = '1')),
    'no routes': change(d => delete d.routes),
  }))
    t.notOk(schema.Check(document), name)
})

t.test('what the examples are about is what comes out', async t => {
  const resolved = (name: string) => parseConfig(readFileSync(`config/examples/${name}.jsonc`, 'utf8'), name).resolved
  t.strictSame(
    resolved('confidential-secret').routes.map(({ scopes }) => scopes),
    [['https://workspace-fhir.fhir.azurehealthcareapis.com/.default'], ['https://dicom.healthcareapis.azure.com/.default']],
  )
  t.equal(resolved('us-government').profiles.get('gov')?.authorityHost, 'login.microsoftonline.us')
  t.match(resolved('two-profiles').profiles.get('lab'), { prompt: 'select_account', browser: 'private' })
  t.match(
    resolved('two-routes-one-origin').routes.map(({ scopes }) => scopes),
    [[/user_impersonation$/], [/\/\.default$/]],
    'one origin, two profiles',
  )
})
