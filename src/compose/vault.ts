// Opens the vault and its document as the settings say.
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/config.ts'
import type { HallpassError } from '../errors/hallpass-error.ts'
import { securePrivateFolder } from '../files/private-files.ts'
import { openKeychain } from '../vault/keychain.ts'
import { type OpenedVault, openVault } from '../vault/open-vault.ts'
import { passphraseFrom } from '../vault/passphrase-sources.ts'
import { openDocument, type VaultDocument } from '../vault/vault-document.ts'
import type { Edges } from './edges.ts'

export type OpenedSecrets = {
  vault: OpenedVault
  document: VaultDocument
  /** Writes what the store still owes, then lets the next process open the vault. Rejects as the last write does. */
  close(): Promise<void>
}

/** Rejects as `openVault` and `openDocument` do, leaving nothing open. */
export async function openSecrets({ settings }: Pick<Config, 'settings'>, edges: Edges): Promise<OpenedSecrets> {
  const { paths, env, clock, pid, platform, isAlive, askSecret, tell } = edges
  securePrivateFolder(paths.state)
  const childPath = fileURLToPath(new URL('../vault/keychain-child.js', import.meta.url))
  const passphraseEdges = { file: settings.vaultPassphraseFile, ask: askSecret, credentials: env.CREDENTIALS_DIRECTORY }
  const onTrouble = ({ code, summary, remedy }: HallpassError) => tell({ event: 'vault-trouble', code, summary, remedy })
  const vault = await openVault(
    { vault: settings.vault, key: settings.vaultKey },
    {
      clock,
      pid,
      platform,
      isAlive,
      folder: paths.state,
      keychainItem: (account, fence) => openKeychain({ childPath, env, clock, service: 'hallpass', account, fence }),
      passphrase: kind => passphraseFrom(kind, passphraseEdges),
      onTrouble,
    },
  )
  try {
    const document = await openDocument(vault.store, { clock, written: vault.written, onTrouble })
    return { vault, document, close: () => document.flush().finally(vault.close) }
  } catch (thrown) {
    await vault.close()
    throw thrown
  }
}
