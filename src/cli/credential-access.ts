// The credentials in the vault, whether a daemon holds it or nobody does.
import { editCredentials } from '../compose/credentials/edit.ts'
import { systemEdges } from '../compose/edges.ts'
import type { Certificates, Secrets } from '../compose.ts'
import { locateConfig } from '../config/locate.ts'
import type { StatusReport } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { configFor, placeOf } from './config-file.ts'
import { connectIfRunning } from './connect.ts'
import type { Arguments, Io } from './io.ts'

/** The same calls over a socket as at hand. */
type Remote<Calls extends Secrets | Certificates> = {
  [Name in keyof Calls]: Calls[Name] extends (...args: infer Args) => infer Result ? (...args: Args) => Promise<Awaited<Result>> : never
}

export type CredentialAccess = { secrets: Remote<Secrets>; certificates: Remote<Certificates>; where: string; configuration: string }

/**
 * Runs an action on the credentials of the profile that the second word names, if any. `where` names the place in which they rest, `configuration` the
 * one that counts. Rejects as the daemon or the vault does, and before anything is asked for with no-such-profile or no-such-profile-of-daemon.
 */
export async function withCredentials(io: Io, args: Arguments, action: (access: CredentialAccess) => Promise<number>): Promise<number> {
  const control = await connectIfRunning(io, args)
  if (control) {
    const report = await control.status()
    requireProfileOfDaemon(io, args, report)
    return action({ ...control, where: report.vault.description, configuration: servedBy(report) })
  }
  const config = await configFor(io, args)
  const [, profile] = args.words
  if (profile !== undefined && !config.profiles.has(profile))
    throw new HallpassError('no-such-profile', { profile: printable(profile, 80), profiles: [...config.profiles.keys()].join(', ') })
  return editCredentials(config, systemEdges(io), ({ secrets, certificates }, where) =>
    action({
      secrets: { ...secrets, list: async () => secrets.list() },
      certificates: { ...certificates, list: async () => certificates.list() },
      where,
      configuration: printable(config.path ?? ''),
    }),
  )
}

/** The daemon's configuration wins over the one that the command would read by itself; who meant the other learns of both. */
function requireProfileOfDaemon(io: Io, args: Arguments, report: StatusReport): void {
  const [, profile] = args.words
  const profiles = report.profiles.map(({ profile }) => profile)
  if (profile === undefined || profiles.includes(profile)) return
  const own = locateConfig(placeOf(io, args)).path
  const particulars = { profile: printable(profile, 80), profiles: profiles.join(', ') }
  if (own === report.config) throw new HallpassError('no-such-profile', particulars)
  throw new HallpassError('no-such-profile-of-daemon', { ...particulars, served: servedBy(report), own: printable(own) })
}

function servedBy({ config }: StatusReport): string {
  return config === null ? 'the one built in for the sandbox' : printable(config)
}
