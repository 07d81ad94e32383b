// Writes what is generated from the definitions: the JSON Schema and the reference page. `--check` writes nothing and fails on drift.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { build } from './build.js'

if (process.argv[1] === import.meta.filename) {
  await build()
  const drifted = await generate({ check: process.argv.includes('--check') })
  for (const path of drifted) process.stderr.write(`${path} is not what the definitions say: run \`node scripts/generate.js\`\n`)
  process.exitCode = drifted.length > 0 ? 1 : 0
}

/** Writes the files from dist/, or with `check` only compares; resolves with the paths that differ and were not written. */
export async function generate({ check }) {
  const files = await generated()
  const drifted = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
  if (check) return drifted.map(([path]) => path)
  for (const [path, text] of drifted) writeFileSync(path, text)
  return []
}

/** Each generated file with its text. */
async function generated() {
  const { jsonSchemaText } = await import('../dist/src/config/json-schema.js')
  const { referencePage } = await import('../dist/src/config/reference.js')
  return new Map([
    ['config/hallpass.schema.json', jsonSchemaText()],
    ['docs/configuration.md', referencePage()],
  ])
}
