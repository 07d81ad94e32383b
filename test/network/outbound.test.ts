// The ways out: through a corporate proxy, past a private authority, and never to somebody who cannot prove who he is.
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { createOutbound, proxySettingsOf } from '../../src/network/outbound.ts'
import { isConnectFailure, reasonOf } from '../../src/network/reason.ts'
import { tlsOptions } from '../../src/network/tls.ts'
import { createAuthority } from '../fixtures/authority.ts'
import { startConnectProxy } from '../harness/connect-proxy.ts'

const host = 'login.microsoftonline.com'
const limits = { connectTimeout: 5_000, silenceTimeout: 5_000, answerTimeout: 5_000, maxHeadBytes: 16_384, maxConnections: 16 }
const authority = await createAuthority()
const stranger = await createAuthority()
const folder = mkdtempSync(join(tmpdir(), 'hallpass-ca-'))
const caFile = join(folder, 'ca.pem')
writeFileSync(caFile, authority.certificate)
t.teardown(() => rmSync(folder, { recursive: true }))

/** An https server with a certificate of this authority, for this name; counts who gets through. */
async function serve(t: Test, from = authority, name = host): Promise<{ port: number; served: () => number }> {
  let served = 0
  const server = createServer(await from.issue([name]), (_request, response) => {
    served++
    response.end('served')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return { port: (server.address() as { port: number }).port, served: () => served }
}

/** What a request ends with: its answer, or why there is none. */
async function ask(t: Test, env: Record<string, string>, url = `https://${host}/`, ca = caFile): Promise<string> {
  const outbound = createOutbound(proxySettingsOf(env), limits, tlsOptions({ caFile: ca, nodeExtraCaCerts: undefined }))
  t.teardown(outbound.close)
  return request(url, { dispatcher: outbound.dispatcherFor(new URL(url).origin) })
    .then(({ body }) => body.text())
    .catch(error => {
      t.ok(isConnectFailure(error), 'nothing of the request was sent')
      return reasonOf(error)
    })
}

t.test('18. HTTPS_PROXY honoured, NO_PROXY for loopback: the way of every request', async t => {
  const { port, served } = await serve(t)
  const proxy = await startConnectProxy(t, { to: () => port })
  for (const name of ['HTTPS_PROXY', 'https_proxy']) t.equal(await ask(t, { [name]: proxy.url }), 'served', name)
  t.strictSame(proxy.asked, [`${host}:443`, `${host}:443`])
  t.equal(served(), 2)
  const own = await serve(t, authority, 'localhost')
  t.equal(await ask(t, { https_proxy: proxy.url }, `https://localhost:${own.port}/`), 'served')
  t.equal(proxy.asked.length, 2, 'what is on this machine never goes through the proxy')
  await ask(t, { https_proxy: proxy.url }, 'https://localhost.example/')
  t.strictSame(proxy.asked.splice(2), ['localhost.example:443'], 'what is only called like it does')
  await ask(t, { https_proxy: proxy.url, no_proxy: 'example.org,.microsoftonline.com' }, `https://x.microsoftonline.com:1/`)
  t.equal(proxy.asked.length, 2, 'and what NO_PROXY names neither')
})

t.test('a request is the same behind a proxy: repeated fields stay repeated', async t => {
  const seen: string[][] = []
  const server = createServer(await authority.issue([host]), ({ rawHeaders }, response) => {
    seen.push(rawHeaders.filter((_, index) => !/^(?:host|connection)$/i.test(rawHeaders[index - (index % 2)] ?? '')))
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const proxy = await startConnectProxy(t, { to: () => (server.address() as { port: number }).port })
  const outbound = createOutbound(proxySettingsOf({ https_proxy: proxy.url }), limits, tlsOptions({ caFile, nodeExtraCaCerts: undefined }))
  t.teardown(outbound.close)
  const headers = ['prefer', 'respond-async', 'accept', 'a/b', 'prefer', 'return=minimal', 'authorization', 'Bearer x']
  const { body } = await request(`https://${host}/`, { dispatcher: outbound.dispatcherFor(`https://${host}`), headers })
  await body.dump()
  t.strictSame(seen, [['prefer', 'respond-async', 'prefer', 'return=minimal', 'accept', 'a/b', 'authorization', 'Bearer x']])
})

t.test('a proxy that cannot be reached, or refuses, is told apart from the service behind it', async t => {
  const { port } = await serve(t)
  t.equal(await ask(t, { https_proxy: 'http://127.0.0.1:1' }), 'the proxy (HTTPS_PROXY) cannot be reached: nothing listens there')
  const guarded = await startConnectProxy(t, { to: () => port, credentials: 'ada:pass word' })
  t.match(await ask(t, { https_proxy: guarded.url }), /proxy \(HTTPS_PROXY\) refused with 407: it wants a user name and password/)
  t.equal(await ask(t, { https_proxy: guarded.url.replace('http://', 'http://ada:pass%20word@') }), 'served')
  const refusing = await startConnectProxy(t, { to: () => port, refuse: 503 })
  t.equal(await ask(t, { https_proxy: refusing.url }), 'the proxy (HTTPS_PROXY) refused with 503')
})

/** Until the test ends, Node by itself would believe everybody. */
function believeEverybody(t: Test): void {
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
  })
}

t.test('who cannot prove who he is gets nothing, with and without a proxy, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async t => {
  believeEverybody(t)
  const unknown = await serve(t, stranger)
  const proxy = await startConnectProxy(t, { to: () => unknown.port })
  t.match(await ask(t, { https_proxy: proxy.url }), /signed by an unknown authority/)
  const misnamed = await serve(t, authority, 'somebody.else')
  const second = await startConnectProxy(t, { to: () => misnamed.port })
  t.match(await ask(t, { https_proxy: second.url }), /for another name/)
  const local = await serve(t, stranger, 'localhost')
  t.match(await ask(t, {}, `https://localhost:${local.port}/`), /signed by an unknown authority/)
  const good = await serve(t)
  const third = await startConnectProxy(t, { to: () => good.port })
  t.match(await ask(t, { https_proxy: third.url }, undefined, ''), /signed by an unknown authority \(`caFile`/, 'without the file')
  t.strictSame(
    [unknown, misnamed, local, good].map(({ served }) => served()),
    [0, 0, 0, 0],
  )
})

t.test('a proxy that is spoken to by TLS must prove who it is too, before it hears a name or a password', async t => {
  believeEverybody(t)
  const { port, served } = await serve(t)
  const withPassword = ({ url }: { url: string }) => ({ https_proxy: url.replace('https://', 'https://ada:word@') })
  const good = await startConnectProxy(t, { to: () => port, tls: await authority.issue(['localhost']), credentials: 'ada:word' })
  t.equal(await ask(t, withPassword(good)), 'served')
  for (const [tls, why] of [
    [await stranger.issue(['localhost']), /proxy \(HTTPS_PROXY\) cannot be reached: its certificate is signed by an unknown authority/],
    [await authority.issue(['elsewhere.example']), /proxy \(HTTPS_PROXY\) cannot be reached: its certificate is for another name/],
  ] as const) {
    const proxy = await startConnectProxy(t, { to: () => port, tls })
    t.match(await ask(t, withPassword(proxy)), why)
    t.strictSame(proxy.asked, [])
  }
  t.equal(served(), 1)
})

t.test('nothing is said over TLS 1.1, even where Node and OpenSSL were told to allow it', async t => {
  const { DEFAULT_MIN_VERSION: minVersion, DEFAULT_CIPHERS: ciphers } = tls
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
  t.teardown(() => void Object.assign(tls, { DEFAULT_MIN_VERSION: minVersion, DEFAULT_CIPHERS: ciphers }))
  let served = 0
  const server = createServer({ ...(await authority.issue(['localhost'])), maxVersion: 'TLSv1.1' }, (_request, response) => {
    served++
    response.end('served')
  }).listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const origin = `https://localhost:${(server.address() as { port: number }).port}`
  const old = new Agent({ connect: { ca: authority.certificate } })
  t.teardown(() => old.destroy())
  t.equal(await request(origin, { dispatcher: old }).then(({ body }) => body.text()), 'served', 'so that this test can fail')
  for (const ca of [caFile, '']) {
    const options = { ...tlsOptions({ caFile: ca, nodeExtraCaCerts: undefined }), ...(ca === '' && { ca: authority.certificate }) }
    const outbound = createOutbound(proxySettingsOf({}), limits, options)
    t.teardown(outbound.close)
    await t.rejects(request(origin, { dispatcher: outbound.dispatcherFor(origin) }), { code: /SSL|EPROTO/ })
  }
  t.equal(served, 1)
})

t.test('a file of authorities that cannot be used is refused at the start, with the reason', async t => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const refused = (ca: string, more?: string) => () => tlsOptions({ caFile: ca, nodeExtraCaCerts: more })
  t.throws(refused(join(folder, 'nowhere.pem')), { code: 'ca-file-unusable', message: /there is no such file/ })
  t.throws(refused(folder), { message: /it is a folder/ })
  t.throws(refused(write('key.pem', '-----BEGIN PRIVATE KEY-----')), { message: /no certificate in PEM form/ })
  t.throws(refused(write('bad.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')), { message: /is damaged/ })
  t.throws(refused(caFile, join(folder, 'nowhere.pem')), { message: /nowhere\.pem/ }, 'those of Node itself count too')
})

t.test('a file of authorities that somebody else may change vouches for nobody', async t => {
  const refused = (ca: string) => () => tlsOptions({ caFile: ca, nodeExtraCaCerts: undefined })
  const own = mkdtempSync(join(folder, 'own-'))
  const file = join(own, 'ca.pem')
  writeFileSync(file, authority.certificate, { mode: 0o644 })
  t.doesNotThrow(refused(file))
  for (const mode of [0o666, 0o664, 0o646]) {
    chmodSync(file, mode)
    t.throws(refused(file), { code: 'ca-file-unusable', message: /other users may write it/ }, mode.toString(8))
  }
  chmodSync(file, 0o644)
  chmodSync(own, 0o777)
  t.throws(refused(file), { code: 'ca-file-unusable', message: /every user may write the folder/ })
  chmodSync(own, 0o755)
  symlinkSync(file, join(folder, 'link.pem'))
  t.doesNotThrow(refused(join(folder, 'link.pem')), 'a link of one’s own')
  if (process.geteuid?.() !== 0) return
  chownSync(file, 61_001, 61_001)
  t.throws(refused(file), { code: 'ca-file-unusable', message: /belongs to another user/ })
})
