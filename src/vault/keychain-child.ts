// The killable child: does one thing to one keychain item, answers, ends. The only file that loads the keychain library.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AsyncEntry } from '@napi-rs/keyring'
import { canaryChanged, type Fence, fenceFell, type KeychainAnswer, type KeychainRequest, notLoaded } from './keychain-messages.ts'

/** The Secret Service's own words for an item that vanished between being found and being used (a set or get racing a delete). */
const raced = /No such interface .org\.freedesktop\.Secret\.Item|Object does not exist at path/

type OpenEntry = (account: string) => AsyncEntry

async function load(service: string): Promise<OpenEntry> {
  const keyring = await import('@napi-rs/keyring').catch(thrown => {
    throw new Error(notLoaded + textOf(thrown))
  })
  // Unpinned, the library falls back to the kernel's keyring without a word, which forgets at reboot.
  return account => new keyring.AsyncEntry(service, account, { linux: { store: 'secret-service' } })
}

async function perform(request: KeychainRequest, open: OpenEntry): Promise<string | boolean | null> {
  const { account } = request
  switch (request.op) {
    case 'probe':
      return probe(open, `${account}-probe-${randomUUID()}`)
    case 'get':
      return open(account).getPassword()
    case 'move':
      return move(request, open)
    default:
      return change(request, open(account))
  }
}

function change(request: KeychainRequest & { op: 'set' | 'delete' }, entry: AsyncEntry): Promise<boolean | null> {
  holdTo(request.fence)
  return request.op === 'set' ? entry.setPassword(request.value).then(() => null) : entry.deleteCredential()
}

async function move({ account, to, fence }: KeychainRequest & { op: 'move' }, open: OpenEntry): Promise<boolean> {
  const [from, aside] = [open(account), open(to)]
  const bytes = await from.getSecret()
  if (bytes === null) return false
  holdTo(fence)
  await aside.setSecret(Uint8Array.from(bytes))
  if (!Buffer.from((await aside.getSecret()) ?? []).equals(Buffer.from(bytes))) throw new Error(canaryChanged)
  return from.deleteCredential()
}

/** Threat: the daemon dies, the next one takes the vault over and writes, and only then we, late, write for the dead. */
function holdTo(fence: Fence | undefined): void {
  if (fence && textAt(fence.path) !== fence.text) throw new Error(fenceFell)
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

async function probe(open: OpenEntry, account: string): Promise<null> {
  const entry = open(account)
  const canary = randomUUID()
  await entry.setPassword(canary) // outside the try: after a refused prompt, the deletion would put up the next one
  try {
    if ((await entry.getPassword()) !== canary) throw new Error(canaryChanged)
  } finally {
    await entry.deleteCredential()
  }
  return null
}

async function answer(request: KeychainRequest): Promise<KeychainAnswer> {
  try {
    const open = await load(request.service)
    const value = await perform(request, open).catch(thrown => {
      if (!raced.test(textOf(thrown))) throw thrown
      return perform(request, open)
    })
    return { ok: true, value }
  } catch (thrown) {
    return { ok: false, text: textOf(thrown) }
  }
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

let received = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', async (part: string) => {
  received += part
  if (!received.endsWith('\n')) return
  const reply = await answer(JSON.parse(received))
  process.stdout.write(JSON.stringify(reply), () => process.exit(0))
})
// Our end of the pipe closes when the daemon dies. A child that outlived it behind a prompt would, once somebody answers that prompt,
// put an old document over a newer daemon's. process.exit would wait for the prompt too; only a signal does not.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'))
