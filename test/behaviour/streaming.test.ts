// Large bodies stream both ways: memory stays flat, a slow side slows the other, and a client that leaves ends the origin's side.
import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { createHome, type Run, type RunningDaemon, runNode, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { residentOf } from '../harness/resident.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const size = (process.env.HALLPASS_TEST_FULL ? 1024 : 256) * 1024 * 1024
const limit = 80 * 1024 * 1024

type Seen = { method: string; received: number; sha256: string; sent: number; whole: boolean; authorized: boolean }

async function startBulk(t: Test): Promise<{ daemon: RunningDaemon; origin: Run; seen(method: string): Promise<Seen> }> {
  const home = createHome()
  const sandbox = await startSandbox()
  const origin = runNode(home, [resolve('dist/test/harness/bulk-origin.js')])
  const [, port] = await origin.printed(/^(\d+)$/m)
  const { tenantId, clientId, url } = sandbox.identity
  writeConfig(home, {
    port: 0,
    vault: 'memory',
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: { '/dicom': { origin: `http://127.0.0.1:${port}`, kind: 'dicom', audience: sandbox.dicom.audience, profile: 'dev' } },
  })
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    origin.child.kill('SIGTERM')
    await origin.ended
    await sandbox.close()
    home.remove()
  })
  const first = fetch(`${daemon.url}/dicom/warm?bytes=10`)
  const [, link = ''] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  await signInByForm(link)
  await (await first).arrayBuffer()
  const seen = async (method: string) => JSON.parse((await origin.printed(new RegExp(`^\\{"method":"${method}".*\\}$`, 'm')))[0]) as Seen
  return { daemon, origin, seen }
}

t.test(`${size / 1024 / 1024} MB down and up: resident memory grows by less than 80 MB`, async t => {
  const { daemon, seen } = await startBulk(t)
  const before = residentOf(daemon.pid).now

  const download = await fetch(`${daemon.url}/dicom/bulk?bytes=${size}`)
  let received = 0
  for await (const chunk of download.body as AsyncIterable<Uint8Array>) received += chunk.length
  t.equal(received, size)

  const digest = createHash('sha256')
  const block = Buffer.alloc(256 * 1024, 'up')
  await new Promise<void>((done, failed) => {
    const upload = httpRequest(`${daemon.url}/dicom/studies?bytes=0`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/dicom', 'Content-Length': size },
    })
    upload.on('response', response => response.resume().on('end', done)).on('error', failed)
    let sent = 0
    const write = () => {
      while (sent < size) {
        digest.update(block)
        sent += block.length
        if (!upload.write(block)) return void upload.once('drain', write)
      }
      upload.end()
    }
    write()
  })
  const upload = await seen('POST')
  t.match(upload, { received: size, sha256: digest.digest('hex'), authorized: true })
  const grown = residentOf(daemon.pid).peak - before
  t.ok(grown < limit, `resident memory grew by ${Math.round(grown / 1024 / 1024)} MB`)
})

const studyMegabytes = process.env.HALLPASS_TEST_FULL ? 1536 : 96

t.test(`STOW of 1.5 GB with flat memory (${studyMegabytes} MB here)`, async t => {
  const { daemon, seen } = await startBulk(t)
  const before = residentOf(daemon.pid).now
  const digest = createHash('sha256')
  const upload = httpRequest(`${daemon.url}/dicom/studies?bytes=20`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/related; type="application/dicom"; boundary=part', Accept: 'application/dicom+json' },
  })
  const answered = new Promise<number>((done, failed) => {
    upload.on('response', response => response.resume().on('end', () => done(response.statusCode ?? 0))).on('error', failed)
  })
  const send = async (part: Buffer | string) => {
    digest.update(part)
    if (!upload.write(part)) await new Promise(drained => upload.once('drain', drained))
  }
  const instance = Buffer.alloc(1024 * 1024, 'DICM')
  let sent = 0
  for (let number = 0; number < studyMegabytes; number++) {
    const head = `\r\n--part\r\nContent-Type: application/dicom\r\n\r\n`
    await send(head)
    await send(instance)
    sent += head.length + instance.length
  }
  await send('\r\n--part--\r\n')
  upload.end()
  t.equal(await answered, 200)
  t.match(await seen('POST'), { received: sent + 12, sha256: digest.digest('hex'), authorized: true })
  const grown = residentOf(daemon.pid).peak - before
  t.ok(grown < limit, `resident memory grew by ${Math.round(grown / 1024 / 1024)} MB`)
})

t.test('a client that stops reading stops the origin; one that leaves ends its side', async t => {
  const { daemon, origin } = await startBulk(t)
  const done = origin.printed(/^\{"method":"GET","received":0,[^}]*"whole":false.*\}$/m)
  const download = httpRequest(`${daemon.url}/dicom/bulk?bytes=${size}`)
  const response = await new Promise<import('node:http').IncomingMessage>(got => download.on('response', got).end())
  await new Promise(readable => response.once('readable', readable))
  // Not a byte is read: what the kernel and three processes buffer is all that may leave the origin.
  const pid = daemon.pid
  const settled = residentOf(pid).peak
  download.destroy()
  const seen = JSON.parse((await done)[0]) as Seen
  t.ok(seen.sent < 64 * 1024 * 1024, `the origin had sent ${Math.round(seen.sent / 1024)} KB of ${size / 1024} KB`)
  t.ok(residentOf(pid).peak - settled < limit)
})

t.test('a client that leaves while it uploads ends the origin’s side', async t => {
  const { daemon, origin } = await startBulk(t)
  const cut = origin.printed(/^\{"method":"POST".*"whole":false.*\}$/m)
  const upload = httpRequest(`${daemon.url}/dicom/studies`, { method: 'POST', headers: { 'Content-Length': size } })
  upload.on('error', () => undefined)
  // More than buffers hold: what the client has got rid of is on its way to the origin.
  const block = Buffer.alloc(1024 * 1024)
  for (let sent = 0; sent < 32; sent++) if (!upload.write(block)) await new Promise(drained => upload.once('drain', drained))
  upload.destroy()
  t.match(JSON.parse((await cut)[0]), { method: 'POST', whole: false })
})
