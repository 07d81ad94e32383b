// The vault as one item of the OS keychain, each access through a child process that can be killed.
import { HallpassError } from '../errors/hallpass-error.ts'
import { recogniseKeychainError } from './keychain-errors.ts'
import { canaryChanged, type KeychainAnswer, type KeychainRequest } from './keychain-messages.ts'
import { askKeychain, type ChildEdges } from './keychain-process.ts'
import { stampOf, type VaultStore } from './vault-store.ts'

export type Keychain = VaultStore & {
  readonly kind: 'keychain'
  /** Stores, reads back and deletes a canary. Rejects with the error that names why the keychain cannot be used and what to do. */
  probe(): Promise<void>
}

export type KeychainOptions = ChildEdges & {
  /** Names the item. No dots: on Windows the two are joined by one. */
  service: string
  account: string
  /** Milliseconds until a child is killed: where nobody can be asked, and where a person may first have to answer a prompt. */
  timeouts?: { plain: number; prompting: number }
}

/** The keychain item of `service` and `account`. Nothing is touched before the first call; one call runs at a time, in order. */
export function openKeychain({ service, account, timeouts = { plain: 5_000, prompting: 60_000 }, ...edges }: KeychainOptions): Keychain {
  const where = `the OS keychain (service ${service}, user ${account})`
  const limit = mayPrompt(edges.env) ? timeouts.prompting : timeouts.plain
  let last: Promise<unknown> = Promise.resolve()

  async function ask(request: KeychainRequest): Promise<(KeychainAnswer & { ok: true })['value']> {
    const answer = await askKeychain(request, limit, edges)
    if (!answer.ok) throw recogniseKeychainError(answer.text, where)
    return answer.value
  }
  // The library keeps no order of its own: of several sets at once, the last is not always the one that stays.
  function inTurn(request: KeychainRequest): ReturnType<typeof ask> {
    const turn = last.then(() => ask(request))
    last = turn.catch(() => undefined)
    return turn
  }

  return {
    kind: 'keychain',
    describe: () => where,
    read: async () => (await inTurn({ op: 'get', service, account })) as string | null,
    async write(value) {
      await inTurn({ op: 'set', service, account, value })
    },
    remove: async () => (await inTurn({ op: 'delete', service, account })) as boolean,
    async setAside() {
      const aside = `${account}-unreadable-${stampOf(edges.clock.now())}`
      const text = await inTurn({ op: 'get', service, account })
      if (typeof text !== 'string') throw new HallpassError('vault-item-gone', { where })
      await inTurn({ op: 'set', service, account: aside, value: text })
      if ((await inTurn({ op: 'get', service, account: aside })) !== text) throw recogniseKeychainError(canaryChanged, where)
      await inTurn({ op: 'delete', service, account })
      return `the OS keychain (service ${service}, user ${aside})`
    },
    async probe() {
      await inTurn({ op: 'probe', service, account })
    },
  }
}

/** True where a locked keychain can ask its user: always on macOS, on Linux when there is a display. Windows never asks. */
function mayPrompt(env: ChildEdges['env']): boolean {
  return process.platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}
