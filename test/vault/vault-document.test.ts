// The document over a store: what is at once, what is behind, what happens when the store fails.
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { memoryStore } from '../../src/vault/memory.ts'
import { type Migration, migrations, versionAfter } from '../../src/vault/migrations.ts'
import { openDocument } from '../../src/vault/vault-document.ts'
import type { VaultStore } from '../../src/vault/vault-store.ts'
import { manualClock } from '../fixtures/clocks.ts'
import { testVaultStore } from '../fixtures/vault-store-contract.ts'

/** A store whose accesses a test can count, hold back and let fail. */
function watchedStore() {
  const kept = memoryStore()
  const watched = {
    writes: [] as string[],
    /** The next accesses fail with this. */
    failure: undefined as HallpassError | undefined,
    /** Accesses wait for this. */
    gate: Promise.resolve(),
    mostAtOnce: 0,
    attempts: 0,
  }
  let running = 0
  async function access<T>(act: () => Promise<T>): Promise<T> {
    watched.attempts++
    watched.mostAtOnce = Math.max(watched.mostAtOnce, ++running)
    try {
      await watched.gate
      if (watched.failure) throw watched.failure
      return await act()
    } finally {
      running--
    }
  }
  const store: VaultStore = {
    ...kept,
    write: text => access(() => kept.write(text).then(() => void watched.writes.push(text))),
    remove: () => access(kept.remove),
  }
  return { store, watched }
}

async function open(store: VaultStore, written = false, { steps = migrations, start = 0 } = {}) {
  const clock = manualClock(start)
  const troubles: HallpassError[] = []
  const document = await openDocument(store, { clock, written, onTrouble: error => troubles.push(error), steps })
  return { document, clock, troubles, codes: () => troubles.map(({ code }) => code) }
}

const locked = () => new HallpassError('vault-locked')
const absent = () => new HallpassError('vault-absent', { why: 'it went', fix: 'fetch it' })

t.test('the memory store keeps the contract of every store', async t => {
  const stores = new Map<string, VaultStore>()
  await testVaultStore(t, name => stores.get(name) ?? (stores.set(name, memoryStore()).get(name) as VaultStore))
})

t.test('what is set is there at once, and after a flush for the next who opens', async t => {
  const { store } = watchedStore()
  const { document } = await open(store)
  document.set('msal', 'cache')
  document.set('__proto__', 'a name like any other')
  document.set('gone', 'x')
  document.set('gone', undefined)
  t.equal(document.get('msal'), 'cache')
  t.equal(document.get('gone'), undefined)
  t.equal(document.get('toString'), undefined)
  t.equal(await store.read(), null, 'nothing waits for the store')
  await document.flush()
  const version = versionAfter(migrations)
  t.same(
    JSON.parse((await store.read()) ?? ''),
    JSON.parse(`{"version":${version},"entries":{"msal":"cache","__proto__":"a name like any other"}}`),
  )
  const { document: next, troubles } = await open(store, true)
  t.equal(next.get('msal'), 'cache')
  t.equal(next.get('__proto__'), 'a name like any other')
  t.same(troubles, [])
})

t.test('a hundred sets are few writes, one at a time, and the last one wins', async t => {
  const { store, watched } = watchedStore()
  const { document } = await open(store)
  for (let n = 1; n <= 50; n++) document.set('n', String(n))
  for (let n = 51; n <= 100; n++) {
    document.set('n', String(n))
    await Promise.resolve()
  }
  await document.flush()
  t.ok(watched.writes.length <= 10, `${watched.writes.length} writes`)
  t.equal(watched.mostAtOnce, 1)
  t.match(await store.read(), /"n":"100"/)
  const before = watched.writes.length
  document.set('n', '100')
  await document.flush()
  t.equal(watched.writes.length, before, 'setting what is there already writes nothing')
})

t.test('what is set while a write is under way follows it; a flush waits for both', async t => {
  const { store, watched } = watchedStore()
  const { document } = await open(store)
  let release: () => void = () => undefined
  watched.gate = new Promise(resolve => {
    release = resolve
  })
  document.set('a', '1')
  const first = document.flush()
  await new Promise(setImmediate)
  document.set('a', '2')
  const second = document.flush()
  release()
  await first
  await second
  t.same(
    watched.writes.map(text => JSON.parse(text).entries.a),
    ['1', '2'],
  )
})

t.test('a write that fails is reported once, retried ever later, and nothing is lost', async t => {
  const { store, watched } = watchedStore()
  const { document, clock, codes } = await open(store)
  watched.failure = absent()
  document.set('a', '1')
  await t.rejects(document.flush(), { code: 'vault-absent' })
  t.same(codes(), ['vault-absent'])
  for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    t.same(clock.waiting(), [wait])
    clock.advance(wait)
    await new Promise(setImmediate)
  }
  t.same(codes(), ['vault-absent'], 'the same trouble is not told again')
  document.set('b', '2')
  await new Promise(setImmediate)
  t.equal(watched.attempts, 9, 'a change waits and goes with the retry')
  t.same(clock.waiting(), [60_000])
  watched.failure = undefined
  clock.advance(60_000)
  await document.flush()
  t.match(await store.read(), /"a":"1","b":"2"/)
  t.same(clock.waiting(), [])
  watched.failure = absent()
  document.set('c', '3')
  await t.rejects(document.flush(), { code: 'vault-absent' })
  t.same(codes(), ['vault-absent', 'vault-absent'], 'after a success it is news again')
  t.same(clock.waiting(), [1_000])
})

t.test('a locked keychain is not asked every second, but a flush asks now', async t => {
  const { store, watched } = watchedStore()
  const { document, clock } = await open(store)
  watched.failure = locked()
  document.set('a', '1')
  await t.rejects(document.flush(), { code: 'vault-locked' })
  t.same(clock.waiting(), [60_000])
  watched.failure = undefined
  await document.flush()
  t.match(await store.read(), /"a":"1"/)
  t.same(clock.waiting(), [])
})

t.test('removing leaves nothing behind; when it fails, it is retried', async t => {
  const { store, watched } = watchedStore()
  const { document, clock } = await open(store)
  document.set('a', '1')
  await document.flush()
  watched.failure = absent()
  await t.rejects(document.remove(), { code: 'vault-absent' })
  t.equal(document.get('a'), undefined)
  watched.failure = undefined
  clock.advance(1_000)
  await document.flush()
  t.equal(await store.read(), null)
  document.set('b', '2')
  await document.flush()
  t.match(await store.read(), /"entries":\{"b":"2"\}/)
  document.set('b', undefined)
  await document.flush()
  t.equal(await store.read(), null, 'the last entry takes the item with it')
})

t.test('what is not ours is set aside and said, and a new document begins', async t => {
  for (const text of [
    '',
    'scrambled',
    '[]',
    'null',
    '{}',
    '{"version":1}',
    '{"version":1,"entries":{"a":1}}',
    '{"version":"1","entries":{}}',
    '{"version":0,"entries":{}}',
    '{"version":1.5,"entries":{}}',
  ]) {
    const store = memoryStore()
    await store.write(text)
    const { document, troubles } = await open(store, true)
    t.same(
      troubles[0]?.summary,
      `What lay in the memory of this process could not be read (it is not a document of hallpass); it was moved to the memory of this process.`,
    )
    t.equal(troubles.length, 1)
    t.equal(await store.read(), null)
    document.set('a', '1')
    await document.flush()
    t.match(await store.read(), /"a":"1"/)
  }
})

t.test('what cannot be set aside stays, and nothing begins', async t => {
  const store = { ...memoryStore(), setAside: () => Promise.reject(locked()) }
  await store.write('scrambled')
  await t.rejects(open(store), { code: 'vault-locked' })
  t.equal(await store.read(), 'scrambled')
})

t.test('a document of a newer version is refused and untouched, whatever its shape', async t => {
  const store = memoryStore()
  const next = versionAfter(migrations) + 1
  for (const newer of [
    `{"version":${next},"entries":[{"name":"a"}]}`,
    `{"version":${next}}`,
    '{"version":9007199254740991,"entries":{}}',
  ]) {
    await store.write(newer)
    await t.rejects(open(store), { code: 'vault-newer', message: /written by a newer hallpass \(version \d+; this one reads up to \d+\)/ })
    t.equal(await store.read(), newer)
  }
})

t.test('a document of an earlier version goes through every step it has not seen, and is written at once', async t => {
  const asJson: Migration = (entries, now) => new Map([...entries].map(([name, text]) => [name, JSON.stringify({ text, since: now })]))
  const renamed: Migration = entries => new Map([...entries].map(([name, text]) => [`v3:${name}`, text]))
  const steps = [asJson, renamed]
  const expected = [{ 'v3:a': '{"text":"plain","since":7}' }, { 'v3:a': 'plain' }, { a: 'plain' }]
  for (const [index, entries] of expected.entries()) {
    const { store, watched } = watchedStore()
    await store.write(`{"version":${index + 1},"entries":{"a":"plain"}}`)
    watched.writes.length = 0
    const { document } = await open(store, true, { steps, start: 7 })
    t.equal(document.get(Object.keys(entries)[0] ?? ''), Object.values(entries)[0])
    await document.flush()
    t.equal(watched.writes.length, index < 2 ? 1 : 0, 'the present version is not written again')
    t.same(JSON.parse((await store.read()) ?? ''), { version: 3, entries })
  }
})

t.test('a step that fails leaves the document as it is, and quotes nothing of it', async t => {
  const store = memoryStore()
  const text = '{"version":1,"entries":{"secret:t:c":"s3cr3t-value"}}'
  await store.write(text)
  const failing: Migration = entries => {
    throw new Error(`cannot convert ${entries.get('secret:t:c')}`)
  }
  const thrown: HallpassError = await open(store, true, { steps: [failing] }).catch(error => error)
  t.equal(thrown.code, 'vault-unreadable')
  t.match(thrown.summary, /what version 1 wrote does not convert to version 2/)
  t.notMatch(thrown.summary + thrown.remedy, /s3cr3t/)
  t.equal(await store.read(), text)
})

t.test('our own steps open what each earlier version wrote', async t => {
  const store = memoryStore()
  await store.write('{"version":1,"entries":{"msal:host:t:c:dev":"{}","secret:t:c":"of-version-1"}}')
  const { document, troubles } = await open(store, true)
  t.same(troubles, [])
  t.equal(document.get('msal:host:t:c:dev'), '{}')
  t.match(document.get('secret:t:c'), /of-version-1/)
})

t.test('a document that is gone is said, and a new one can begin', async t => {
  const { store } = watchedStore()
  const { document, codes } = await open(store, true)
  t.same(codes(), ['vault-item-gone'])
  document.set('a', '1')
  await document.flush()
  t.match(await store.read(), /"a":"1"/)
})
