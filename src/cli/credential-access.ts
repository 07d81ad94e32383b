// The credentials in the vault, whether a daemon holds it or nobody does.
import { type Certificates, editCredentials, type Secrets, systemEdges } from '../compose.ts'
import { configFor } from './config-file.ts'
import { connectIfRunning } from './connect.ts'
import type { Arguments, Io } from './io.ts'

/** The same calls over a socket as at hand. */
type Remote<Calls extends Secrets | Certificates> = {
  [Name in keyof Calls]: Calls[Name] extends (...args: infer Args) => infer Result ? (...args: Args) => Promise<Awaited<Result>> : never
}

export type CredentialAccess = { secrets: Remote<Secrets>; certificates: Remote<Certificates>; where: string }

/** Runs an action on the credentials. `where` names the place in which they rest. Rejects as the daemon or the vault does. */
export async function withCredentials(io: Io, args: Arguments, action: (access: CredentialAccess) => Promise<number>): Promise<number> {
  const control = await connectIfRunning(io, args)
  if (control) return action({ ...control, where: (await control.status()).vault.description })
  const config = await configFor(io, args)
  return editCredentials(config, systemEdges(io), ({ secrets, certificates }, where) =>
    action({
      secrets: { ...secrets, list: async () => secrets.list() },
      certificates: { ...certificates, list: async () => certificates.list() },
      where,
    }),
  )
}
