// What an older assembly brings into a token cache after a sign-out is not kept.
import t from 'tap'
import { createTokenCaches } from '../../src/compose/token-caches.ts'

t.test('after a sign-out, whoever had the cache open before reads and writes nothing; whoever signed out goes on', async t => {
  const entries = new Map<string, string>()
  const caches = createTokenCaches({
    get: name => entries.get(name),
    set: (name, text) => void (text === undefined ? entries.delete(name) : entries.set(name, text)),
  })
  const [before, other] = [caches.open('msal:a'), caches.open('msal:b')]
  before.set('signed in')
  other.set('another')
  const after = caches.open('msal:a')
  t.equal(after.get(), 'signed in')
  before.set('renewed while the configuration changed')
  t.equal(after.get(), 'renewed while the configuration changed')

  after.forget()
  before.set('renewed too late')
  t.equal(before.get(), undefined)
  t.equal(after.get(), undefined)
  t.equal(other.get(), 'another')
  t.equal(entries.has('msal:a'), false)
  after.set('signed in again')
  t.equal(after.get(), 'signed in again')
  t.equal(before.get(), undefined)
})
