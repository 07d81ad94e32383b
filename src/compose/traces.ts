// Every trace that hallpass leaves on a machine, and its removal.
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import { checkPrivateFolder, securePrivateFolder } from '../files/private-files.ts'
import { findAside } from '../vault/aside.ts'
import { openKeychain } from '../vault/keychain.ts'
import type { Fence } from '../vault/keychain-messages.ts'
import { openMarker } from '../vault/marker.ts'
import { takeLock } from '../vault/vault-lock.ts'
import type { VaultStore } from '../vault/vault-store.ts'
import type { Edges } from './edges.ts'

/** Something of ours that lies somewhere. */
export type Trace = { what: string; where: string }

export type Traces = {
  /** In the order in which they are removed. */
  found: Trace[]
  /** Why the keychain could not be asked; undefined when it was, or need not be. Nothing of ours is known to be in it. */
  unasked: HallpassError | undefined
  /** The user's own configuration file, where there is one. */
  config: string | undefined
}

export type Removal = {
  /** Leaves the keychain as it is. */
  keepKeychain?: boolean
  /** Removes the user's own configuration file too. */
  withConfig?: boolean
}

/** Names of the keychain's items: the document or, beside a sealed file, its key. */
const accounts = [
  { account: 'vault', what: 'tokens, secrets, certificates' },
  { account: 'vault-key', what: 'the key of the sealed file' },
] as const

/**
 * Looks for every trace, and changes nothing. Rejects as the keychain does when it is known to hold something and cannot be asked (`vault-*`), and
 * with state-folder-unsafe for a folder of ours that is somebody else's.
 */
export async function findTraces(edges: Edges, { keepKeychain = false }: Removal = {}): Promise<Traces> {
  const { state, runtime, config } = edges.paths
  for (const folder of [state, runtime]) checkPrivateFolder(folder)
  const { items, unasked } = keepKeychain ? { items: [], unasked: undefined } : await findItems(edges)
  const files = [...filesIn(state), ...(runtime.startsWith(join(state, '/')) ? [] : filesIn(runtime))]
  const own = join(config, 'hallpass.jsonc')
  return { found: [...items, ...files], unasked, config: existsSync(own) ? own : undefined }
}

/**
 * Removes them: the keychain's items first, for only they can refuse, then the files. Rejects as the keychain does, with everything still there, or
 * with reset-unfinished when something was removed before.
 */
export async function removeTraces(edges: Edges, { keepKeychain = false, withConfig = false }: Removal = {}): Promise<void> {
  const { state, runtime, config } = edges.paths
  if (!keepKeychain) await removeItems(edges)
  try {
    for (const folder of [runtime, state]) rmSync(folder, { recursive: true, force: true })
    if (withConfig) rmSync(join(config, 'hallpass.jsonc'), { force: true })
    if (withConfig && existsSync(config) && readdirSync(config).length === 0) rmdirSync(config)
  } catch (error) {
    throw new HallpassError(
      'reset-unfinished',
      { done: 'the keychain and some files', why: String((error as NodeJS.ErrnoException).code) },
      { cause: error },
    )
  }
}

async function removeItems(edges: Edges): Promise<void> {
  const { items } = await findItems(edges)
  if (items.length === 0) return
  const { pid, isAlive, paths } = edges
  securePrivateFolder(paths.state)
  // Whoever has the vault open would write it again.
  const lock = await takeLock(join(paths.state, 'vault.lock'), { pid, isAlive })
  const removed: string[] = []
  try {
    const all = [...accounts.map(({ account }) => account), ...(await setAside(edges))]
    for (const account of all.reverse()) if (await itemOf(edges, account, lock.fence).remove()) removed.push(account)
  } catch (error) {
    if (removed.length === 0) throw error
    const why = asHallpassError(error).summary
    throw new HallpassError('reset-unfinished', { done: `the keychain's item ${removed.join(', ')}`, why }, { cause: error })
  } finally {
    await lock.release()
  }
}

async function findItems(edges: Edges): Promise<{ items: Trace[]; unasked: HallpassError | undefined }> {
  const items: Trace[] = []
  try {
    for (const { account, what } of accounts) {
      const item = itemOf(edges, account)
      if ((await item.read()) !== null) items.push({ what, where: item.describe() })
    }
    for (const account of await setAside(edges)) items.push({ what: 'what could not be read', where: itemOf(edges, account).describe() })
    return { items, unasked: undefined }
  } catch (error) {
    if (!(error instanceof HallpassError) || (await restsInKeychain(edges.paths.state))) throw error
    return { items: [], unasked: error }
  }
}

async function setAside(edges: Edges): Promise<string[]> {
  return (await findAside(account => itemOf(edges, account), 'vault')).taken
}

function itemOf({ env, clock }: Edges, account: string, fence?: Fence): VaultStore {
  const childPath = fileURLToPath(new URL('../vault/keychain-child.js', import.meta.url))
  return openKeychain({ childPath, env, clock, service: 'hallpass', account, ...(fence && { fence }) })
}

async function restsInKeychain(state: string): Promise<boolean> {
  if (!existsSync(state)) return false
  const { found } = await openMarker(join(state, 'vault.json'), async () => undefined)
  return found?.store === 'keychain' || found?.key === 'keychain'
}

const names: Readonly<Record<string, string>> = {
  'vault.json': 'where the vault is',
  'vault.sealed': 'tokens, secrets, certificates, sealed',
  'vault.lock': 'who has the vault open',
  'trusted.json': 'trusted project files',
  'hallpass.log': 'the log',
  run: 'running daemons',
}

function filesIn(folder: string): Trace[] {
  if (!existsSync(folder)) return []
  const files = readdirSync(folder).sort()
  const traces = files.map(name => ({
    what: names[name] ?? (isOfDaemon(name) ? 'of a daemon' : 'a file of hallpass'),
    where: join(folder, name),
  }))
  return [...traces, { what: lstatSync(folder).isDirectory() ? 'the folder' : 'the file', where: folder }]
}

function isOfDaemon(name: string): boolean {
  return /^(instance|control|(api-|control-)?key)-\d+/.test(name)
}
