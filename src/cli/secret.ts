// `hallpass secret`: client secrets into the vault and out of it; never from the command line, where others could read them.
import type { SecretsOfProfile } from '../compose.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { dateOf, day, describeDistance, parseDay } from '../terms/expiry.ts'
import { type CredentialAccess, withCredentials } from './credential-access.ts'
import { type Arguments, type Command, exitCodes, type Io } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'
import { table } from './table.ts'

export const runSecret: Command = async (io, args) => {
  const [verb, profile] = args.words
  if (verb === 'list') return withCredentials(io, args, access => list(io, args, access))
  if (profile === undefined || (verb !== 'set' && verb !== 'remove'))
    throw new HallpassError('usage', { what: 'Say what to do: set PROFILE, remove PROFILE, or list.', command: 'hallpass secret' })
  const expires = verb === 'set' ? expiryOf(args) : undefined
  return withCredentials(io, args, access => (verb === 'set' ? set(io, access, profile, expires) : remove(io, args, access, profile)))
}

function expiryOf({ flags }: Arguments): number | undefined {
  const text = flags.expires
  if (text === undefined) return undefined
  const now = Date.now()
  const expires = parseDay(text.trim())
  if (expires !== undefined && expires > now) return expires
  throw new HallpassError('expiry-invalid', { text: text.slice(0, 40), example: dateOf(now + 180 * day) })
}

async function set(io: Io, { secrets, where }: CredentialAccess, profile: string, expires: number | undefined): Promise<number> {
  const secret = await io.readSecret(`Client secret (the Value) for ${profile}: `)
  if (!secret.trim()) throw new HallpassError('secret-empty')
  const { kept } = await secrets.set(profile, secret, expires)
  const [newest, previous] = kept
  const rows: [string, string][] = [['expires', describeEnd(newest, Date.now())]]
  if (newest?.assumed) rows.push(['', 'Does the portal show another day? Set it again with `--expires DATE`.'])
  if (previous) rows.push(['previous', `stays beside it until \`hallpass secret remove ${profile} --previous\``])
  io.err(`The client secret of ${profile} rests in ${where}.\n${lines(rows)}`)
  return exitCodes.ok
}

async function remove(io: Io, { switches }: Arguments, { secrets }: CredentialAccess, profile: string): Promise<number> {
  const previous = switches.has('previous')
  const count = await secrets.remove(profile, previous ? 'previous' : undefined)
  const which = previous ? 'previous client secret' : 'client secret'
  if (count === 0) io.err(`No ${which} of ${profile} was kept.\n`)
  else io.err(count === 1 ? `The ${which} of ${profile} is forgotten.\n` : `The ${count} client secrets of ${profile} are forgotten.\n`)
  return exitCodes.ok
}

async function list(io: Io, args: Arguments, { secrets, configuration }: CredentialAccess): Promise<number> {
  const format = outputFormat(args, 'secret')
  const profiles = await secrets.list()
  if (format === 'json') {
    io.out(`${JSON.stringify({ version: 1, secrets: profiles.map(inJson) }, null, 2)}\n`)
    return exitCodes.ok
  }
  const now = Date.now()
  const rows = profiles.flatMap(profile => rowsOf(profile, now))
  io.out(
    rows.length
      ? table(['profile', 'secret', 'set', 'expires'], rows)
      : `No profile takes a client secret in the configuration that counts: ${configuration}.\n`,
  )
  return exitCodes.ok
}

type Kept = SecretsOfProfile['kept'][number]

function rowsOf({ profile, kept, environment }: SecretsOfProfile, now: number): string[][] {
  if (environment) return [[profile, 'AZURE_CLIENT_SECRET', 'unknown', 'unknown']]
  if (kept.length === 0) return [[profile, 'missing', '', '']]
  return kept.map((secret, index) => {
    const name = index > 0 ? 'previous' : kept.length > 1 ? 'newest' : 'kept'
    return [index > 0 ? '' : profile, secret.inUse ? `${name}, in use` : name, dayOf(secret.set), describeEnd(secret, now)]
  })
}

function describeEnd(secret: Kept | undefined, now: number): string {
  if (!secret || secret.expires === null) return 'unknown'
  return `${dateOf(secret.expires)}, ${describeDistance(secret.expires, now)}${secret.assumed ? ' (assumed)' : ''}`
}

function dayOf(time: number | null): string {
  return time === null ? 'unknown' : dateOf(time)
}

function inJson({ profile, kept, environment }: SecretsOfProfile) {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
  return { profile, environment, kept: kept.map(({ set, expires, ...rest }) => ({ set: iso(set), expires: iso(expires), ...rest })) }
}
