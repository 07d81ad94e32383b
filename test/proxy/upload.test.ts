// The body of a request is read at the pace of whoever reads it, by one reader at a time, and by nobody while it is held.
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { Upload } from '../../src/proxy/upload.ts'

/** An upload and what the client sends into it. */
function begin() {
  const client = new PassThrough({ highWaterMark: 1_000_000 })
  return { client, upload: new Upload(client as unknown as IncomingMessage) }
}

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

t.test('while it is held nothing is read, whoever asks for more', async t => {
  const { client, upload } = begin()
  upload.open()
  upload.hold()
  client.write('more')
  upload.pull()
  await turns()
  t.equal(upload.received, 0)
  upload.release()
  await turns()
  t.equal(upload.received, 4)
})

t.test('whoever read before takes nothing from the next', async t => {
  const { client, upload } = begin()
  const first = upload.open().resume()
  client.write('begun, ')
  await turns()
  upload.hold()
  const second = upload.open()
  first.destroy()
  await turns()
  client.end('and ended')
  t.equal((await second.toArray()).join(''), 'begun, and ended')
  t.ok(upload.replayable)
})

t.test('what nobody reads stays with the client', async t => {
  const { client, upload } = begin()
  upload.open()
  for (let count = 0; count < 100; count++) client.write(Buffer.alloc(10_000))
  await turns()
  t.ok(upload.received < 200_000, `${upload.received} bytes of a million`)
})
