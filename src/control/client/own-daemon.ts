// Makes sure that a control socket is the user's own daemon before anything is said to it.
import { randomBytes } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { HallpassError } from '../../errors/hallpass-error.ts'
import { checkPrivateFolder, readPrivateFile, refuseForeign } from '../../files/private-files.ts'
import { type ChallengeAnswer, isProof } from './challenge.ts'
import { keyFile } from './key-files.ts'
import type { Instance } from './wire.ts'

/** Milliseconds that a daemon has to prove itself. */
const patience = 10_000
/** Characters of an answer that is still looked at. */
const mostText = 1_000

/**
 * A connection to the daemon of this instance, over which it has proved that it knows the key of its run. `runtime` is the folder of its
 * files. Rejects with not-running when nobody listens, state-folder-unsafe when others could have put something in its place, and
 * daemon-unproven when it is another's.
 */
export async function connectToOwn(runtime: string, { socket: path, port }: Pick<Instance, 'socket' | 'port'>): Promise<Socket> {
  if (!path.startsWith('\\\\.\\pipe\\')) refuseUnsafeSocket(path)
  const key = readPrivateFile(keyFile(runtime, 'control', port))
  if (key === undefined) throw new HallpassError('daemon-unproven', { port, why: 'the key of its run is not there' })
  const socket = await dial(path)
  const nonce = randomBytes(32).toString('base64url')
  const proof = await ask(socket, nonce)
  if (isProof(key, nonce, proof)) return socket
  socket.destroy()
  throw new HallpassError('daemon-unproven', { port, why: 'it does not know the key of its run' })
}

function refuseUnsafeSocket(path: string): void {
  if (!checkPrivateFolder(dirname(path))) throw new HallpassError('not-running', { where: '' })
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) throw new HallpassError('not-running', { where: '' })
  if (!stats.isSocket()) throw new HallpassError('state-folder-unsafe', { path, why: 'it is not a socket' })
  refuseForeign(path, stats, 0o077, 'other users may use it')
}

function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('error', cause => reject(new HallpassError('not-running', { where: '' }, { cause })))
    socket.once('connect', () => resolve(socket))
  })
}

/** What is answered to the challenge, or undefined when that is no answer. The connection stays open for what follows. */
function ask(socket: Socket, nonce: string): Promise<unknown> {
  const body = JSON.stringify({ nonce })
  const headers = { Connection: 'keep-alive', 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  return new Promise(resolve => {
    const call = request({ createConnection: () => socket, method: 'POST', path: '/challenge', headers, timeout: patience }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > mostText) socket.destroy()
      })
      response.on('error', () => resolve(undefined))
      response.on('end', () => resolve(response.statusCode === 200 ? proofIn(text) : undefined))
    })
    call.on('timeout', () => socket.destroy())
    call.on('error', () => resolve(undefined))
    call.end(body)
  })
}

function proofIn(text: string): unknown {
  try {
    return (JSON.parse(text) as ChallengeAnswer | null)?.proof
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
