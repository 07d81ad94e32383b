// Tokens, codes and health data that pass through, or that fail to: not one of them stays behind in what hallpass writes or says.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { exchangeRaw } from '../fixtures/raw-http.ts'
import { seeded } from '../fixtures/seeded.ts'
import { fieldsOf, readAnswers } from '../fixtures/strict-answer.ts'
import { startStrictOrigin } from '../fixtures/strict-origin.ts'
import { record } from '../harness/figures.ts'
import { hallpass } from '../harness/hallpass.ts'
import { startUnderAttack } from '../harness/under-attack.ts'

const count = process.env.HALLPASS_TEST_FULL ? 100_000 : 2_000

/** What could be health data: names, numbers, dates, identifiers of studies, free text. */
const health = Array.from(
  { length: 20 },
  (_, index) => `Zq${['Mueller', '19700101', 'MRN', '1.2.840', 'hiv-positive'][index % 5]}${index}Qz`,
)
const secrets = {
  authorization: 'zqForgedBearerqz',
  code: 'zqForgedCodeqz',
  state: 'zqForgedStateqz',
  cookie: 'zqCookieqz',
  key: 'zqForgedKeyqz',
}

const origin = await startStrictOrigin(t)
const attack = await startUnderAttack(t, { '/fhir': origin })
const { port } = attack.daemon
const random = seeded(16)
const agent = new Agent({ keepAlive: true, maxSockets: 16 })

const head = (status: string, more = '') => `HTTP/1.1 ${status}\r\nContent-Type: application/fhir+json\r\n${more}`
origin.answer = ({ target, fields }) => {
  const patient = random.pick(health)
  const whole = (status: string, body: string, more = '') => ({
    bytes: Buffer.from(`${head(status, more)}Content-Length: ${body.length}\r\n\r\n${body}`),
    keep: true,
  })
  if (target.includes('cut')) return undefined
  if (target.includes('broken')) return { bytes: Buffer.from(`${patient} is no HTTP\r\n\r\n`), keep: false }
  if (target.includes('chunks')) return { bytes: Buffer.from(`${head('200 OK')}Transfer-Encoding: chunked\r\n\r\n${patient}`), keep: false }
  if (target.includes('echo')) return whole('400 Bad Request', `${fields.find(([name]) => name === 'authorization')} ${patient}`)
  if (target.includes('refused')) return whole('403 Forbidden', `{"text":"${patient}"}`, `WWW-Authenticate: Bearer error="${patient}"\r\n`)
  if (target.includes('unauthorized'))
    return whole('401 Unauthorized', `{"text":"${patient}"}`, `WWW-Authenticate: Bearer error="${patient}"\r\n`)
  if (target.includes('moved')) return whole('302 Found', '', `Location: /fhir/Patient/${patient}\r\n`)
  return whole('200 OK', `{"resourceType":"Patient","id":"${patient}"}`)
}

/** Error bodies and fields of ours, as text. */
const said: string[] = []

const endings = ['', '', '', 'cut', 'broken', 'chunks', 'echo', 'refused', 'unauthorized', 'moved']
const prefixes = [
  ...Array<string>(8).fill('/fhir/Patient/'),
  '/fhir/',
  '/nowhere/',
  '/fhir/../',
  '/fhir/%2e%2e/',
  '/-/',
  '/-/sign-in/',
  '/fhir//',
]

/** One request that carries canaries everywhere; many of them fail somewhere. */
function ask(): Promise<void> {
  const [id, name, note] = [random.pick(health), random.pick(health), random.pick(health)]
  const method = random.pick(['GET', 'GET', 'POST', 'PUT', 'DELETE', 'TRACE'])
  const body = method === 'POST' || method === 'PUT' ? JSON.stringify({ name, note }) : undefined
  const path = `${random.pick(prefixes)}${id}/${random.pick(endings)}?name=${name}&_tag=${note}`
  const headers: Record<string, string> = { 'X-MS-AZUREFHIR-AUDIT-NOTE': note, Cookie: secrets.cookie, 'If-None-Exist': `identifier=${id}` }
  if (random.integer(2) === 0) headers.Authorization = `Bearer ${secrets.authorization}`
  if (random.integer(8) === 0) Object.assign(headers, { Origin: `http://${name}.example`, Referer: `http://x.example/${id}` })
  if (random.integer(8) === 0) headers.Host = `${name}.example`
  if (random.integer(8) === 0) headers.Accept = `text/html, ${note}`
  if (random.integer(8) === 0) headers['Hallpass-Key'] = secrets.key
  if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body))
  return new Promise(resolve => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent, setHost: false })
    if (!headers.Host) request.setHeader('Host', `localhost:${port}`)
    request.on('error', () => resolve())
    request.on('response', response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      // A cut answer ends without its end.
      response.on('error', () => undefined)
      response.on('close', () => {
        const ours = response.headers['hallpass-error'] !== undefined
        if (ours) said.push(`${response.statusCode} ${response.rawHeaders.join(' ')}\n${Buffer.concat(chunks).toString('latin1')}`)
        resolve()
      })
    })
    request.end(body)
  })
}

/** What no library would send, and forged answers of an authorization server. */
async function askRaw(): Promise<void> {
  const [id, name] = [random.pick(health), random.pick(health)]
  const text = random.pick([
    `GET /fhir/${id} HTTP/1.1\r\nHost: localhost\r\nX ${name}: ${name}\r\n\r\n`,
    `GET http://${name}/${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `${name} /fhir/${id} HTTP/1.1\r\n\r\n`,
    `GET /fhir/${id} HTTP/1.1\r\nHost: localhost\r\n${'X-A: b\r\n'.repeat(200)}X-N: ${name}\r\n\r\n`,
    `POST /fhir/${id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${name}`,
    `GET /-/callback?state=${secrets.state}&code=${secrets.code} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
    `CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n`,
  ])
  const { bytes } = await exchangeRaw(port, text, { enough: got => got.includes('\r\n\r\n') && readAnswers(got, []).answers.length > 0 })
  for (const answer of readAnswers(bytes, []).answers)
    if (fieldsOf(answer, 'hallpass-error').length > 0)
      said.push(`${answer.status} ${answer.fields.join(' ')}\n${answer.body.toString('latin1')}`)
}

t.test(
  `token, codes and ${health.length} canaries through ${count} requests: 0 stay behind (requirement 16)`,
  { timeout: 3_600_000 },
  async t => {
    let left = count
    const work = async () => {
      while (left-- > 0) await (left % 10 === 0 ? askRaw() : ask())
    }
    await Promise.all(Array.from({ length: 16 }, work))
    agent.destroy()
    t.ok(origin.requests > count / 5, `${origin.requests} of them reached the service`)
    t.ok(said.length > count / 5, `${said.length} were answered by us`)
    const codes = new Set(said.map(text => /hallpass-error[ ,:]+([\w-]+)/i.exec(text)?.[1]))
    t.ok(codes.size >= 9, `with ${codes.size} different errors: ${[...codes].join(', ')}`)

    const places: Record<string, string> = {
      'error bodies': said.join('\n'),
      stdout: attack.daemon.stdout(),
      stderr: attack.daemon.stderr(),
      'status, for people': (await hallpass(attack.home, ['status'])).stdout,
      'status, for programs': (await hallpass(attack.home, ['status', '--output', 'json'])).stdout,
      journal: (await hallpass(attack.home, ['journal'])).stdout,
      'journal as JSON': (await hallpass(attack.home, ['journal', '--output', 'json'])).stdout,
      'journal as HAR': (await hallpass(attack.home, ['journal', '--output', 'har'])).stdout,
      'config show': (await hallpass(attack.home, ['config', 'show'])).stdout,
      ...Object.fromEntries(await Promise.all(['/', '/-/sign-in', '/-/health/ready'].map(async path => [path, await textOf(path)]))),
      ...filesUnder(attack.home.path),
    }
    t.ok(places.stderr && places.stderr.length > 1_000, 'the log is not empty')
    t.match(places['journal as HAR'], /"entries"/)
    t.match(places.journal, /token-echo/)
    t.ok(Object.keys(places).length > 12, `looked at ${Object.keys(places).join(', ')}`)
    const tokens = [attack.token, ...origin.tokens]
    const canaries = [...tokens, ...tokens.map(token => token.split('.')[2] ?? ''), ...Object.values(secrets), ...health]
    const hits = Object.entries(places).flatMap(([place, text]) =>
      canaries.filter(canary => text.includes(canary)).map(canary => `${canary} in ${place}`),
    )
    t.strictSame(hits, [])
    for (const [place, text] of Object.entries(places)) t.notMatch(text, /\beyJ[\w-]{20,}/, `nothing in ${place} looks like a token`)
    t.ok(attack.alive())
    record('mixed and failing requests with 20 health-data canaries, token and codes', count, `${hits.length} left behind`)
  },
)

async function textOf(path: string): Promise<string> {
  return (await fetch(`${attack.daemon.url}${path}`)).text()
}

/** Every file of the home folder by its name, its configuration left out: that one is the user's. */
function filesUnder(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (statSync(path).isFile() && !name.endsWith('hallpass.jsonc')) files[name] = readFileSync(path, 'latin1')
  }
  return files
}
