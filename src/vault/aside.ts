// Where keychain items go that nobody can read: to numbered accounts beside them, so that they can be found again without listing the keychain.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { VaultStore } from './vault-store.ts'

/** More than a person lets lie. */
const most = 99

/** The accounts to which items of `account` were moved, and the next one that is free. `itemAt` opens the item of an account. */
export async function findAside(itemAt: (account: string) => VaultStore, account: string): Promise<{ taken: string[]; free: string }> {
  const taken: string[] = []
  for (let number = 1; number <= most; number++) {
    const candidate = `${account}-unreadable-${number}`
    if (!(await isThere(itemAt(candidate)))) return { taken, free: candidate }
    taken.push(candidate)
  }
  throw new HallpassError('vault-unreadable', { where: itemAt(account).describe(), why: `${most} unreadable ones lie beside it already` })
}

async function isThere(item: VaultStore): Promise<boolean> {
  try {
    return (await item.read()) !== null
  } catch (thrown) {
    if (thrown instanceof HallpassError && thrown.code === 'vault-damaged') return true
    throw thrown
  }
}
