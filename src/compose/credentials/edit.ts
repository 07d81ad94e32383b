// The credentials in the vault while no daemon holds it.
import type { Config } from '../../config/config.ts'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { Edges } from '../edges.ts'
import { openSecrets } from '../vault.ts'
import { type Credentials, composeCredentials } from './credentials.ts'
import { createRotation } from './rotation.ts'

/**
 * Opens the vault while no daemon holds it, for a change of the credentials; `where` names it. Rejects as the vault does, and when it would keep
 * nothing.
 */
export async function editCredentials<T>(
  config: Config,
  edges: Edges,
  action: (credentials: Credentials, where: string) => Promise<T>,
): Promise<T> {
  const { vault, document, close } = await openSecrets(config, edges)
  try {
    if (vault.store.kind === 'memory') throw vault.warning ?? new HallpassError('vault-keeps-nothing')
    const credentials = await composeCredentials(config.profiles, { edges, document, rotation: createRotation(edges.tell) })
    return await action(credentials, vault.store.describe())
  } finally {
    await close()
  }
}
