// The journal remembers the last exchanges and no more, counts with a bound, and tells only what its lists name.
import { execFileSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { harOf } from '../../src/journal/har.ts'
import { createJournal } from '../../src/journal/journal.ts'
import { openLogFile } from '../../src/journal/log-file.ts'
import { logLine } from '../../src/journal/log-line.ts'
import { type ExchangeRecord, emptyRecord } from '../../src/journal/record.ts'

const random = () => 'K3-x_9abc'
const ended = (fields: Partial<ExchangeRecord>) => ({
  record: (into: ExchangeRecord) => void Object.assign(into, emptyRecord(), fields),
})

t.test('the last exchanges are there, the oldest first', async t => {
  const journal = createJournal(3, random)
  for (const status of [200, 201, 202, 203, 204]) journal.add(ended({ id: journal.nextId(), status }))
  t.strictSame(
    journal.records().map(({ status }) => status),
    [202, 203, 204],
  )
  t.equal(journal.find('k3x9-4')?.status, 203)
  t.equal(journal.find('k3x9-1'), undefined, 'forgotten')
  t.equal(journal.counts().exchanges, 5)
})

t.test('names of dropped fields are counted; ever new ones cost nothing', async t => {
  const journal = createJournal(1, random)
  for (let round = 0; round < 3; round++) journal.dropped('cookie')
  for (let name = 0; name < 5_000; name++) journal.dropped(`x-${name}`)
  const { droppedFields } = journal.counts()
  t.equal(droppedFields.get('cookie'), 3)
  t.equal(droppedFields.get('(others)'), 5_000 - 99)
  t.equal(droppedFields.size, 101)
})

t.test('a line of the log has the fields of its list, and no credential', async t => {
  const record = {
    ...emptyRecord(),
    id: 'k3x9-1',
    template: '/Patient/{id}',
    status: 200,
    more: 'Chalmers',
    evidence: { challenge: { description: 'Chalmers' } },
  }
  const line = JSON.parse(logLine({ event: 'exchange', record: record as unknown as ExchangeRecord }, 0)) as object
  t.match(line, { time: '1970-01-01T00:00:00.000Z', event: 'exchange', id: 'k3x9-1', template: '/Patient/{id}', status: 200 })
  t.notMatch(JSON.stringify(line), /Chalmers|evidence/)
  const started = { event: 'sign-in-started', profile: 'dev', link: 'http://localhost:1/-/sign-in/once', opened: true } as const
  t.notMatch(logLine(started, 0), /once/, 'a file does not keep a one-time link')
  t.match(logLine(started, 0, true), /once/)
  const trouble = { event: 'vault-trouble', code: 'internal', summary: 'Bearer abcdefghijkl', remedy: '' } as const
  t.notMatch(logLine(trouble, 0), /abcdefghijkl/)
  t.match(JSON.parse(logLine(trouble, 0)), { code: 'internal', summary: 'Bearer [redacted]' }, 'the code of an error is no secret')
})

t.test('as HAR 1.2: every member that the format wants, and nothing that passed', async t => {
  const record = {
    ...emptyRecord(),
    id: 'k3x9-1',
    route: '/fhir',
    template: '/Patient/{id}',
    method: 'GET',
    status: 200,
    totalMs: 9,
    originMs: 7,
  }
  const har = harOf([record], { version: '1', url: 'http://localhost:3447' }) as any
  t.equal(har.log.version, '1.2')
  const [entry] = har.log.entries
  t.match(entry, {
    startedDateTime: '1970-01-01T00:00:00.000Z',
    request: {
      method: 'GET',
      url: 'http://localhost:3447/fhir/Patient/{id}',
      cookies: [],
      headers: [],
      queryString: [],
      httpVersion: 'HTTP/1.1',
    },
    response: { status: 200, statusText: 'OK', cookies: [], headers: [], content: { size: 0, mimeType: '' }, redirectURL: '' },
    cache: {},
    timings: { blocked: 0, send: 0, wait: 7, receive: 2 },
  })
  t.equal(entry.request.postData, undefined)
})

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'hallpass-log-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

t.test('the file is its owner’s alone, also when it was there before, and is turned over once it is full', async t => {
  const path = join(folder(t), 'hallpass.log')
  writeFileSync(path, 'before\n', { mode: 0o666 })
  const file = openLogFile(path, error => t.fail(error.summary))
  file.write('first\n')
  await file.close()
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(readFileSync(path, 'utf8'), 'before\nfirst\n')
  const megabyte = `${'x'.repeat(1024 * 1024 - 1)}\n`
  for (let round = 0; round < 20; round++) {
    file.write(megabyte)
    await file.close()
  }
  t.equal(statSync(`${path}.1`).mode & 0o777, 0o600)
  const sizes = [path, `${path}.1`].map(name => statSync(name).size)
  t.ok(Math.max(...sizes) < 10 * 1024 * 1024, `${sizes}`)
})

t.test('a disk that does not keep up costs lines, counted, and no memory', async t => {
  const path = join(folder(t), 'hallpass.log')
  const file = openLogFile(path, error => t.fail(error.summary))
  for (let line = 0; line < 6_000; line++) file.write(`${line}${'x'.repeat(1_000)}\n`)
  await file.close()
  t.match(readFileSync(path, 'utf8'), /\{"event":"lines-left-out","count":\d+\}/)
})

const planted: Record<string, [why: string, plant: (path: string, target: string) => void]> = {
  'a symbolic link': ['it is a symbolic link', (path, target) => symlinkSync(target, path)],
  'a hard link': ['it has another name', (path, target) => linkSync(target, path)],
  'a pipe that nobody reads': ['it is a pipe', path => execFileSync('mkfifo', [path])],
  'a folder': ['it is a folder', path => mkdirSync(path)],
  ...(process.geteuid?.() === 0 && {
    'a file of another user': [
      'it belongs to another user',
      (path: string) => {
        writeFileSync(path, '')
        chownSync(path, 61_001, 61_001)
      },
    ] as const,
  }),
}
for (const [kind, [why, plant]] of Object.entries(planted))
  t.test(`${kind} in its place is not written to, not waited for, and told once`, async t => {
    const at = folder(t)
    writeFileSync(join(at, 'target'), '')
    plant(join(at, 'hallpass.log'), join(at, 'target'))
    const told: string[] = []
    const file = openLogFile(join(at, 'hallpass.log'), error => void told.push(`${error.code}: ${error.particulars.why}`))
    file.write('one\n')
    await file.close()
    file.write('two\n')
    await file.close()
    t.strictSame(told, [`log-unwritable: ${why}`])
    t.equal(readFileSync(join(at, 'target'), 'utf8'), '')
  })

t.test('a pipe that somebody reads is not written to either', async t => {
  const path = join(folder(t), 'hallpass.log')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  t.teardown(() => closeSync(reader))
  const told: unknown[] = []
  const file = openLogFile(path, error => void told.push(error.particulars.why))
  file.write('one\n')
  await file.close()
  t.strictSame(told, ['it is not a file'])
})
