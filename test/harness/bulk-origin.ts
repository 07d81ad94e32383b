// An origin in a process of its own: sends and takes large bodies without keeping them, and tells what it saw of the exchange.
// Prints its port; then one JSON line for each finished exchange.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const block = Buffer.alloc(64 * 1024, 'hallpass')

const server = createServer((request, response) => {
  const digest = createHash('sha256')
  let received = 0
  let sent = 0
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
    digest.update(chunk)
  })
  const wanted = Number(new URL(request.url ?? '/', 'http://origin').searchParams.get('bytes') ?? 0)
  response.on('close', () => {
    const { authorization = '' } = request.headers
    const told = {
      method: request.method,
      received,
      sha256: digest.digest('hex'),
      sent,
      whole: response.writableFinished,
      authorized: authorization.length > 20,
    }
    process.stdout.write(`${JSON.stringify(told)}\n`)
  })
  request.on('end', () => {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': wanted })
    const write = () => {
      while (sent < wanted) {
        const part = block.subarray(0, Math.min(block.length, wanted - sent))
        sent += part.length
        if (!response.write(part)) return void response.once('drain', write)
      }
      response.end()
    }
    write()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
