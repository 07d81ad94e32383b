// `hallpass secret`: client secrets into the vault and out of it; never from the command line, where others could read them.
import { editSecrets, type Secrets, systemEdges } from '../compose.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { configFor } from './config-file.ts'
import { connectIfRunning } from './connect.ts'
import { type Arguments, type Command, exitCodes, type Io } from './io.ts'
import { lines } from './lines.ts'

export const runSecret: Command = async (io, args) => {
  const [verb, profile] = args.words
  if (verb === 'list') return withSecrets(io, args, secrets => list(io, secrets))
  if (profile === undefined || (verb !== 'set' && verb !== 'remove'))
    throw new HallpassError('usage', { what: 'Say what to do: set PROFILE, remove PROFILE, or list.', command: 'hallpass secret' })
  return withSecrets(io, args, secrets => (verb === 'set' ? set(io, secrets, profile) : remove(io, secrets, profile)))
}

/** The same calls, whether a daemon holds the vault or nobody does. */
type Access = { [Name in keyof Secrets]: (...args: Parameters<Secrets[Name]>) => Promise<Awaited<ReturnType<Secrets[Name]>>> }

async function withSecrets(io: Io, args: Arguments, action: (secrets: Access) => Promise<number>): Promise<number> {
  const control = await connectIfRunning(io, args)
  if (control) return action(control.secrets)
  const config = await configFor(io, args)
  return editSecrets(config, systemEdges(io), secrets => action({ ...secrets, list: async () => secrets.list() }))
}

async function set(io: Io, secrets: Access, profile: string): Promise<number> {
  const secret = await io.readSecret(`Client secret (the Value) for ${profile}: `)
  if (!secret) throw new HallpassError('secret-empty')
  await secrets.set(profile, secret)
  io.err(`The client secret of ${profile} rests in the vault.\n`)
  return exitCodes.ok
}

async function remove(io: Io, secrets: Access, profile: string): Promise<number> {
  const kept = await secrets.remove(profile)
  io.err(kept ? `The client secret of ${profile} is forgotten.\n` : `No client secret of ${profile} was kept.\n`)
  return exitCodes.ok
}

async function list(io: Io, secrets: Access): Promise<number> {
  const rows = (await secrets.list()).map(({ profile, kept }) => [profile, kept ? 'kept' : 'missing'] as const)
  io.out(rows.length ? lines(rows) : 'No profile takes a client secret.\n')
  return exitCodes.ok
}
