// `npm run bench`: processor time per small request, next to http-proxy and @fastify/http-proxy, in one run.
// Absolute times drift with the machine; the ratios hold, for each is the median of those within a round, all candidates warmed up alike.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeCertificate } from './bench/certificate.js'
import { load, median } from './bench/measure.js'
import { build } from './build.js'
import { setUpDebian } from './set-up.js'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const seconds = Number(process.env.BENCH_SECONDS ?? 3)
const clients = 32

setUpDebian()
await build()
if (spawnSync('wrk', ['--version']).error) throw new Error('wrk is missing: apt-get install --no-install-recommends wrk')
const { startSandbox } = await import('../dist/src/sandbox/sandbox.js')
const { createHome, startDaemon, writeConfig } = await import('../dist/test/harness/hallpass.js')
const { signInByForm } = await import('../dist/test/harness/sign-in-form.js')

const folder = mkdtempSync(join(tmpdir(), 'hallpass-bench-'))
const children = []
const certificate = makeCertificate(folder)
console.log(
  `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}; ${clients} clients, ${rounds} rounds of ${seconds} s`,
)
try {
  await compare('http', undefined)
  if (certificate) await compare('https', folder)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
process.exit()

async function compare(scheme, keys) {
  const origin = `${scheme}://localhost:${await start('bench/origin.js', keys ? [keys] : [])}`
  const candidates = [
    { name: 'hallpass', ...(await startHallpass(origin)) },
    { name: 'http-proxy 1.18.1', ...(await startPeer('bench/http-proxy.js', origin)) },
    { name: '@fastify/http-proxy 11.6.3', ...(await startPeer('bench/fastify-http-proxy.js', origin)) },
  ]
  for (const candidate of candidates) load(candidate, seconds, clients)
  const results = candidates.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) results[index].push(load(candidate, seconds, clients))
  }
  console.log(`\n${`${scheme} origin, 1.6 KB resource`.padEnd(43)}µs of processor   of http-proxy   requests/s`)
  candidates.forEach(({ name, pid }, index) => {
    const micros = median(results[index].map(result => result.micros))
    const ratio = median(results[index].map((result, round) => result.micros / results[1][round].micros))
    const rate = median(results[index].map(result => result.rate))
    console.log(`  ${name.padEnd(40)} ${micros.toFixed(0).padStart(16)} ${ratio.toFixed(2).padStart(15)} ${rate.toFixed(0).padStart(12)}`)
    process.kill(pid, 'SIGTERM')
  })
}

async function startHallpass(origin) {
  const sandbox = await startSandbox()
  const { tenantId, clientId, url } = sandbox.identity
  const home = createHome(certificate ? { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') } : {})
  writeConfig(home, {
    port: 0,
    vault: 'memory',
    profiles: { bench: { tenantId, clientId, sandbox: url } },
    routes: { '/fhir': { origin, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'bench' } },
  })
  const daemon = await startDaemon(home, ['start'])
  children.push(daemon.child)
  const first = fetch(`${daemon.url}/fhir/Patient/1`)
  const [, link] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  await signInByForm(link)
  await (await first).arrayBuffer()
  return { pid: daemon.pid, url: `http://127.0.0.1:${daemon.port}/fhir/Patient/1` }
}

async function startPeer(script, origin) {
  const { port, pid } = await launch(script, [origin])
  return { pid, url: `http://127.0.0.1:${port}/fhir/Patient/1` }
}

async function start(script, args) {
  return (await launch(script, args)).port
}

async function launch(script, args) {
  const env = { ...process.env, ...(certificate && { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }) }
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return { port: Number(line), pid: child.pid }
  throw new Error(`${script} did not start`)
}
