// Compiles sources and tests into dist/ and bundles the sandbox.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { bundleSandbox } from './bundle-sandbox.js'
import { run, setUp } from './set-up.js'

/** Installs when needed, then builds dist/ from what the sources say now. */
export async function build() {
  setUp()
  run(process.execPath, 'node_modules/typescript/bin/tsc')
  removeOrphans()
  await bundleSandbox()
}

/** tsc leaves what deleted sources once gave. Not rm -r dist: a daemon may be running from it. */
function removeOrphans() {
  for (const file of readdirSync('dist', { recursive: true }))
    if (file.endsWith('.js') && !file.endsWith('.bundle.js') && !existsSync(file.replace(/js$/, 'ts'))) rmSync(`dist/${file}`)
}

if (process.argv[1] === import.meta.filename) await build()
