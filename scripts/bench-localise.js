// `node scripts/bench-localise.js`: what localising a large answer costs, next to passing the same through, in one run.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeCertificate } from './bench/certificate.js'
import { load, median } from './bench/measure.js'
import { build } from './build.js'

const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
const seconds = Number(process.env.BENCH_SECONDS ?? 2)
const clients = 4

await build()
if (spawnSync('wrk', ['--version']).error) throw new Error('wrk is missing: apt-get install --no-install-recommends wrk')
const { startSandbox } = await import('../dist/src/sandbox/sandbox.js')
const { createHome, startDaemon, writeConfig } = await import('../dist/test/harness/hallpass.js')
const { signInByForm } = await import('../dist/test/harness/sign-in-form.js')

const folder = mkdtempSync(join(tmpdir(), 'hallpass-bench-'))
if (!makeCertificate(folder)) throw new Error('openssl is missing')
const origin = spawn(process.execPath, [join(import.meta.dirname, 'bench/searchset-origin.js'), folder], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const { value: port } = await createInterface({ input: origin.stdout })[Symbol.asyncIterator]().next()
const sandbox = await startSandbox()
const home = createHome({ NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') })
const route = { origin: `https://localhost:${port}`, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'bench' }
const { tenantId, clientId, url } = sandbox.identity
writeConfig(home, {
  port: 0,
  vault: 'memory',
  profiles: { bench: { tenantId, clientId, sandbox: url } },
  routes: { '/localised': route, '/passed': { ...route, localise: false } },
})
const daemon = await startDaemon(home, ['start'])
const first = fetch(`${daemon.url}/localised/x`)
const [, link] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
await signInByForm(link)
const mapped = (await (await first).text()).split(`${daemon.url}/localised/`).length - 1

const gzip = ['Accept-Encoding: gzip']
const candidates = [
  { name: 'passed through', path: '/passed/x', fields: [] },
  { name: `localised, ${mapped} URLs`, path: '/localised/x', fields: [] },
  { name: 'passed through compressed', path: '/passed/x', fields: gzip },
  { name: 'decoded and localised', path: '/localised/x', fields: gzip },
]
const measure = ({ path, fields }, duration) =>
  load({ pid: daemon.pid, url: `http://127.0.0.1:${daemon.port}${path}` }, duration, clients, fields).micros
for (const candidate of candidates) measure(candidate, 1)
const results = candidates.map(() => [])
for (let round = 0; round < rounds; round++)
  for (const [index, candidate] of candidates.entries()) results[index].push(measure(candidate, seconds))
const base = median(results[0])
console.log(
  `Node ${process.version}; ${clients} clients, ${rounds} rounds of ${seconds} s\n${''.padEnd(32)} µs of processor   of passed through`,
)
candidates.forEach(({ name }, index) => {
  const micros = median(results[index])
  console.log(`  ${name.padEnd(30)} ${micros.toFixed(0).padStart(16)} ${(micros / base).toFixed(2).padStart(19)}`)
})

origin.kill()
await daemon.stop()
await sandbox.close()
home.remove()
rmSync(folder, { recursive: true, force: true })
