// The vault as one item of the OS keychain, each access through a child process that can be killed.
import { HallpassError } from '../errors/hallpass-error.ts'
import { findAside } from './aside.ts'
import { inOrder } from './in-order.ts'
import { recogniseKeychainError } from './keychain-errors.ts'
import type { Fence, KeychainAnswer, KeychainRequest } from './keychain-messages.ts'
import { askKeychain, type ChildEdges } from './keychain-process.ts'
import type { VaultStore } from './vault-store.ts'

export type KeychainOptions = ChildEdges & {
  /** Names the item. No dots: on Windows the two are joined by one. */
  service: string
  account: string
  /** What a child makes sure of before it changes the item: it may have outlived the process that asked it. */
  fence?: Fence
  /** Milliseconds until a child is killed: where nobody can be asked, and where a person may first have to answer a prompt. */
  timeouts?: { plain: number; prompting: number }
}

/** The keychain item of `service` and `account`. Nothing is touched before the first call; one call runs at a time, in order. */
export function openKeychain(options: KeychainOptions): VaultStore {
  const { service, account, fence, timeouts = { plain: 5_000, prompting: 60_000 }, ...edges } = options
  const item = { service, account }
  const where = `the OS keychain (service ${service}, user ${account})`
  const limit = mayPrompt(edges.env) ? timeouts.prompting : timeouts.plain
  // The library keeps no order of its own: of several sets at once, the last is not always the one that stays.
  const inTurn = inOrder()

  const ask = (request: KeychainRequest) =>
    inTurn(async (): Promise<(KeychainAnswer & { ok: true })['value']> => {
      const answer = await askKeychain(request, limit, edges)
      if (!answer.ok) throw recogniseKeychainError(answer.text, where)
      return answer.value
    })

  return {
    kind: 'keychain',
    describe: () => where,
    read: async () => (await ask({ op: 'get', ...item })) as string | null,
    async write(value) {
      await ask({ op: 'set', ...item, value, ...(fence && { fence }) })
    },
    remove: async () => (await ask({ op: 'delete', ...item, ...(fence && { fence }) })) as boolean,
    async setAside() {
      const itemAt = (other: string) => openKeychain({ ...options, account: other })
      const { free: to } = await findAside(itemAt, account)
      if (!(await ask({ op: 'move', ...item, to, ...(fence && { fence }) }))) throw new HallpassError('vault-item-gone', { where })
      return itemAt(to).describe()
    },
    async probe() {
      await ask({ op: 'probe', ...item })
    },
  }
}

/** True where a locked keychain can ask its user: always on macOS, on Linux when there is a display. Windows never asks. */
function mayPrompt(env: ChildEdges['env']): boolean {
  return process.platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}
