// `hallpass config …` and the question of trust, as a person and as a script meet them.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { configFor } from '../../src/cli/config-file.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { jsonSchemaText } from '../../src/config/json-schema.ts'
import { change, clientId, tenantId, valid } from '../fixtures/configurations.ts'

/** A person's machine: a home, a project in it, and what commands print there. */
function createMachine(t: Test, more: Partial<Io> = {}) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'hallpass-cli-')))
  t.teardown(() => rmSync(home, { recursive: true }))
  const project = join(home, 'project')
  const configFolder = join(home, '.config', 'hallpass')
  for (const folder of [project, configFolder]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const printed = { out: '', err: '', questions: [] as string[] }
  const answers: string[] = []
  const io: Io = {
    argv: [],
    env: {},
    platform: 'linux',
    home,
    cwd: project,
    pid: process.pid,
    version: '0.0.0',
    out: text => void (printed.out += text),
    err: text => void (printed.err += text),
    environmentSecret: undefined,
    isAlive: () => false,
    readSecret: async () => '',
    outIsTerminal: false,
    errIsTerminal: false,
    inIsTerminal: false,
    ask: async question => {
      printed.questions.push(question)
      return answers.shift() ?? ''
    },
    interruption: () => new Promise(() => undefined),
    ...more,
  }
  /** Runs a command line and gives its exit code and what it printed. */
  const hallpass = async (...argv: string[]) => {
    Object.assign(printed, { out: '', err: '' })
    return { code: await run({ ...io, argv }), out: printed.out, err: printed.err }
  }
  const put = (path: string, document: unknown) => {
    writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document, null, 2), { mode: 0o600 })
    return path
  }
  return {
    io,
    home,
    project,
    own: join(configFolder, 'hallpass.jsonc'),
    file: join(project, 'hallpass.jsonc'),
    printed,
    answers,
    hallpass,
    put,
  }
}

t.test('show: every value in force, and where it comes from', async t => {
  const { hallpass, put, own } = createMachine(t, {
    env: { HALLPASS_SIGN_IN_WAIT_SECONDS: '5', AZURE_CLIENT_ID: clientId },
    environmentSecret: { secret: 'canary-secret', clientId: undefined },
  })
  put(
    own,
    change(d => {
      d.vault = 'memory'
      d.profiles.dev = { tenantId }
    }),
  )
  const { code, out } = await hallpass('config', 'show', '--port', '4000')
  t.equal(code, 0)
  for (const line of [
    new RegExp(`^${own}$`, 'm'),
    / port +4000 +--port\n/,
    / vault +memory +file\n/,
    / signInWaitSeconds +5 +HALLPASS_SIGN_IN_WAIT_SECONDS\n/,
    / signInLimitSeconds +600 +default\n/,
    / profiles\.dev\.tenantId +1{8}-\S+ +file\n/,
    / profiles\.dev\.clientId +6{8}-\S+ +AZURE_CLIENT_ID\n/,
    / profiles\.dev\.flow +authorization-code +default\n/,
    / routes\.\/fhir\.origin +https:\S+ +file\n/,
    / routes\.\/fhir\.audience +https:\S+ +derived from the origin\n/,
    /AZURE_CLIENT_SECRET is set; what it holds is never shown/,
  ])
    t.match(out, line)
  const json = await hallpass('config', 'show', '--output', 'json')
  const report = JSON.parse(json.out) as { version: number; values: { place: string; value: string; source: string }[] }
  t.match(report, { version: 1, path: own, by: 'own', trusted: true, clientSecretInEnvironment: true, warnings: [] })
  t.match(
    report.values.find(({ place }) => place === 'profiles.dev.clientId'),
    { value: clientId, source: 'AZURE_CLIENT_ID' },
  )
  t.notMatch(out + json.out, /canary/)
})

t.test('validate: one line, or every fault and exit code 2', async t => {
  const { hallpass, put, own } = createMachine(t)
  t.match(await hallpass('config', 'validate'), { code: 2, err: /There is no configuration at/ })
  put(own, valid)
  t.match(await hallpass('config', 'validate'), { code: 0, out: `${own} is valid.\n`, err: '' })
  put(
    own,
    change(d => (d.profiles.idle = { ...d.profiles.dev })),
  )
  t.match(await hallpass('config', 'validate'), { code: 0, err: /No route uses the profile "idle"/ })
  put(
    own,
    change(d => {
      d.prot = 1
      d.routes['/fhir'].profil = 'x'
    }),
  )
  t.match(await hallpass('config', 'validate'), { code: 2, out: '', err: /:12:7: unknown key "profil"[\s\S]*:\d+:\d+: unknown key "prot"/ })
  const { code, out } = await hallpass('config', 'validate', '--output', 'json')
  t.equal(code, 2)
  t.match(JSON.parse(out), {
    version: 1,
    path: own,
    valid: false,
    faults: [{ code: 'config-invalid', line: 12, column: 7 }, { remedy: /"port"/ }],
  })
  t.match(await hallpass('config', 'validate', '--port', 'x'), { code: 2 })
})

t.test('path: the path alone on stdout, the reasons on stderr', async t => {
  const { hallpass, put, own, file, home } = createMachine(t)
  const first = await hallpass('config', 'path')
  t.match(first, { code: 0, out: `${own}\n`, err: /your own file +\S+, which does not exist: this one counts/ })
  t.match(first.err, /--config +not given\n.*HALLPASS_CONFIG +not given\n.*project file +none in this folder or above it\n/)
  put(file, valid)
  t.match(await hallpass('config', 'path'), { out: `${file}\n`, err: /project file +\S+: this one counts/ })
  const named = put(join(home, 'x.jsonc'), valid)
  t.match(await hallpass('config', 'path', '--config', '../x.jsonc'), {
    out: `${named}\n`,
    err: /--config +\S+: this one counts[\s\S]*project file +\S+\n/,
  })
  const { out } = await hallpass('config', 'path', '--output', 'json')
  t.match(JSON.parse(out), {
    version: 1,
    path: file,
    by: 'project',
    candidates: [{ by: 'flag', path: null }, {}, { used: true }, { path: own, exists: false }],
  })
})

t.test('schema: the schema alone', async t => {
  const { hallpass } = createMachine(t)
  t.strictSame(await hallpass('config', 'schema'), { code: 0, out: jsonSchemaText(), err: '' })
})

t.test('words that config does not know', async t => {
  const { hallpass } = createMachine(t)
  t.match(await hallpass('config'), { code: 2, err: /show, validate, path, schema, trust/ })
  t.match(await hallpass('config', 'toString'), { code: 2, err: /show, validate/ })
  t.match(await hallpass('config', 'show', 'x'), { code: 2, err: /"x" is one word too many/ })
  t.match(await hallpass('config', 'trust'), { code: 2, err: /no project file in this folder or above/ })
})

t.test('a project file in a script: exit 2 and the command to run, which trusts it', async t => {
  const { hallpass, put, file } = createMachine(t)
  put(file, valid)
  t.match(await hallpass('start'), { code: 2, out: '', err: `hallpass config trust "${file}"` })
  t.match(await hallpass('config', 'validate'), { code: 0, out: /is valid, and not trusted yet/ })
  t.match(await hallpass('config', 'show'), { code: 0, out: /\(not trusted yet\)/ })
  const { code, err } = await hallpass('config', 'trust')
  t.equal(code, 0)
  for (const shown of [file, 'https://ws-fhir.fhir.azurehealthcareapis.com', 'https://dicom.healthcareapis.azure.com', tenantId, clientId])
    t.match(err, shown)
  t.match(await hallpass('config', 'validate'), { code: 0, out: `${file} is valid.\n` })
  put(
    file,
    change(d => (d.routes['/fhir'].origin = 'https://evil.example')),
  )
  t.match(await hallpass('config', 'trust', 'hallpass.jsonc'), { code: 2, err: /origin outside/ }, 'trust does not reach so far')
})

t.test('a person is asked, sees where tokens would go, and only yes is yes', async t => {
  const terminal = { inIsTerminal: true, errIsTerminal: true }
  const { io, put, file, printed, answers } = createMachine(t, terminal)
  put(file, valid)
  for (const answer of ['', 'n', 'no', 'yep', ' ']) {
    answers.push(answer)
    await t.rejects(configFor(io, { flags: {} }), { code: 'config-untrusted' }, `"${answer}" is no`)
  }
  const [question = ''] = printed.questions
  for (const shown of [
    file,
    'https://ws-fhir.fhir.azurehealthcareapis.com',
    'https://dicom.healthcareapis.azure.com',
    tenantId,
    clientId,
    '[y/N]',
  ])
    t.match(question, shown)
  t.equal(printed.out, '', 'nothing of it is on stdout')
  answers.push('y')
  t.equal((await configFor(io, { flags: {} })).path, file)
  t.equal((await configFor(io, { flags: {} })).path, file, 'the second time nobody is asked')
  t.equal(printed.questions.length, 6)
  put(
    file,
    change(d => (d.port = 1)),
  )
  await t.rejects(configFor({ ...io, env: { HALLPASS_NO_USER: '1' } }, { flags: {} }), { code: 'config-untrusted' }, 'nobody may be asked')
  t.equal(printed.questions.length, 6)
})

t.test('the question names each rule of the user’s own on who may call that does not hold under the project file', async t => {
  const { io, put, own, file, printed } = createMachine(t, { inIsTerminal: true, errIsTerminal: true })
  const ask = async (env: Record<string, string> = {}) => {
    await t.rejects(configFor({ ...io, env }, { flags: {} }), { code: 'config-untrusted' })
    return printed.questions.at(-1)
  }
  put(file, { ...valid, access: { allowedOrigins: ['http://localhost:3000'] } })
  t.notMatch(await ask(), /your own file/, 'there is none')
  put(own, { ...valid, access: { key: 'required', peerCheck: 'on', allowedOrigins: [] } })
  const question = await ask()
  t.match(question, /These rules of yours on who may call do not hold:\n\n +access\.key +"required" in your own file, "auto" here\n/)
  t.match(question, /access\.allowedOrigins +\[\] in your own file, \["http:\/\/localhost:3000"\] here/)
  t.notMatch(question, /access\.peerCheck/, 'it holds')
  t.notMatch(await ask({ HALLPASS_ACCESS_KEY: 'required' }), /access\.key/, 'the environment has the last word')
  put(own, '{')
  t.match(await ask(), /your own file, which cannot be read now/)
})

t.test('the real program, without a terminal: the answer cannot be piped in', async t => {
  const { put, file, project, home } = createMachine(t)
  put(file, valid)
  const ended = await new Promise<{ code: unknown; stderr: string }>(done => {
    const options = { cwd: project, env: { HOME: home, PATH: process.env.PATH } }
    const child = execFile(
      process.execPath,
      [resolve('dist/src/main.js'), 'start', '--vault', 'memory', '--port', '0'],
      options,
      (error, _, stderr) => done({ code: error?.code, stderr }),
    )
    child.stdin?.end('y\n')
  })
  t.match(ended, { code: 2, stderr: /config-untrusted|was not trusted yet/ })
})
