// Bundles the sandbox into one file beside its trimmed FHIR definitions: what it is made of would weigh 150 MB installed.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFhirDefinitions } from './fhir-definitions.js'

const folder = 'dist/src/sandbox'
const entry = `${folder}/main.js`
const bundle = `${folder}/sandbox.bundle.js`
const licenses = `${bundle}.LICENSES.txt`
const definitions = `${folder}/fhir-definitions.json`
const stamp = 'dist/.sandbox'

/** Writes bundle, licences and definitions, unless they are there and what they are made from has not changed. */
export async function bundleSandbox() {
  const outputs = existsSync(entry) ? [bundle, licenses, definitions] : [definitions]
  const wanted = digestOfInputs()
  if (outputs.every(file => existsSync(file)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  rmSync(stamp, { force: true })
  writeFhirDefinitions(definitions)
  if (existsSync(entry)) await writeBundle()
  writeFileSync(stamp, wanted)
}

function digestOfInputs() {
  const modules = readdirSync(folder, { recursive: true }).filter(file => file.endsWith('.js') && !file.endsWith('.bundle.js'))
  const files = [
    ...modules.toSorted().map(file => join(folder, file)),
    'package-lock.json',
    'scripts/fhir-definitions.js',
    import.meta.filename,
  ]
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file))
  return hash.digest('hex')
}

async function writeBundle() {
  const { build } = await import('esbuild')
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const { metafile } = await build({
    entryPoints: [entry],
    outfile: bundle,
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', minify: true, metafile: true, logLevel: 'warning' },
    external: Object.keys(dependencies), // installed with us anyway
    legalComments: 'eof',
    // CommonJS parts ask for Node's modules by `require`, which an ES module does not have.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
  })
  writeFileSync(licenses, noticesOf(Object.keys(metafile.inputs)))
}

/**
 * The licence and notice files of every package that the bundle has a file of, and of all that those depend on: dcmjs and
 * @medplum/fhir-router are published with theirs built in.
 */
function noticesOf(inputs) {
  const packages = new Set()
  const add = path => {
    if (packages.has(path)) return
    packages.add(path)
    for (const name of Object.keys(packageOf(path).dependencies ?? {})) add(nearest(path, name))
  }
  for (const path of inputs.map(packageFolder).filter(Boolean)) add(path)
  return [...packages].toSorted().map(notice).join('\n')
}

/** Where Node finds a package from inside another: in its own node_modules, else in those above. */
function nearest(path, name) {
  const own = `${path}/node_modules/${name}`
  if (existsSync(own)) return own
  const above = path.slice(0, path.lastIndexOf('node_modules'))
  return above === '' ? `node_modules/${name}` : nearest(above.replace(/\/$/, ''), name)
}

function packageOf(path) {
  return JSON.parse(readFileSync(`${path}/package.json`, 'utf8'))
}

/** `node_modules/@medplum/core/dist/esm/index.mjs` to `node_modules/@medplum/core`. */
function packageFolder(input) {
  const parts = input.split('/')
  const last = parts.lastIndexOf('node_modules')
  if (last < 0) return undefined
  return parts.slice(0, last + (parts[last + 1].startsWith('@') ? 3 : 2)).join('/')
}

function notice(path) {
  const { name, version, license } = packageOf(path)
  const texts = readdirSync(path).filter(file => /^(licen[cs]e|notice|copying)/i.test(file))
  if (texts.length === 0 && !license) throw new Error(`${name} has no licence that could be shipped with the bundle`)
  const text = texts.map(file => readFileSync(join(path, file), 'utf8').trim()).join('\n\n') || `Licence: ${license}`
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`
}
