// From version 1 of the document to 2: bare client secrets become records, and nothing else changes.
import t from 'tap'
import { readSecrets } from '../../src/compose/credentials/records.ts'
import type { Profile } from '../../src/terms/profile.ts'
import { memoryStore } from '../../src/vault/memory.ts'
import { migrations } from '../../src/vault/migrations.ts'
import { openDocument } from '../../src/vault/vault-document.ts'
import { manualClock } from '../fixtures/clocks.ts'

const profile = { name: 'job', tenantId: 'tenant', clientId: 'client', credential: 'secret' } as Profile

async function open(text: string) {
  const store = memoryStore()
  await store.write(text)
  const document = await openDocument(store, { clock: manualClock(), written: true, onTrouble: error => t.fail(error.summary) })
  await document.flush()
  return { store, document }
}

t.test('a document of version 1 opens with its secret, of which nobody knows the days', async t => {
  const entries = { 'secret:tenant:client': 'of.version.1', 'msal:login:tenant:client:job': '{"AccessToken":{}}' }
  const { store, document } = await open(JSON.stringify({ version: 1, entries }))
  t.strictSame(readSecrets(profile, document), [{ value: 'of.version.1', set: null, expires: null, assumed: false }])
  t.equal(document.get('msal:login:tenant:client:job'), '{"AccessToken":{}}')
  const written = JSON.parse((await store.read()) ?? '')
  t.equal(written.version, migrations.length + 1)
  t.match(written.entries['secret:tenant:client'], /^\{"secrets":\[/)
})

t.test('a document of version 2 stays as it is', async t => {
  const record = JSON.stringify({ secrets: [{ value: 'new', set: 1, expires: 2, assumed: true }] })
  const { document } = await open(JSON.stringify({ version: 2, entries: { 'secret:tenant:client': record } }))
  t.match(readSecrets(profile, document), [{ value: 'new', assumed: true }])
})

t.test('a record that cannot be read is said, and quoted nowhere', async t => {
  for (const record of ['not.json', '{"secrets":[{"value":7}]}', '[]', 'null']) {
    const { document } = await open(JSON.stringify({ version: 2, entries: { 'secret:tenant:client': record } }))
    t.throws(() => readSecrets(profile, document), { code: 'credential-unreadable', message: /^((?!not\.json).)*$/ })
  }
})
