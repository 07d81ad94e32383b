// `hallpass login`: signs in ahead of the first request.
import type { ControlClient } from '../control/client/control-client.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { connect } from './connect.ts'
import { type Command, exitCodes, type Io } from './io.ts'

export const runLogin: Command = async (io, args) => {
  const [profile] = args.words
  const { name, username } = await signIn(io, await connect(io, args), profile)
  io.err(`Signed in for ${name}${username ? ` as ${username}` : ''}.\n`)
  return exitCodes.ok
}

/** Signs in unless somebody is signed in already; waits for the person. Rejects with sign-in-required when nobody may be asked. */
export async function signIn(
  io: Io,
  control: ControlClient,
  profile: string | undefined,
): Promise<{ name: string; username: string | null }> {
  const open = !io.env.HALLPASS_NO_USER
  const started = await control.login({ ...(profile !== undefined && { profile }), open })
  const { id, link, profile: name, username } = started
  if (id === null || link === null) return { name, username }
  if (!open) throw new HallpassError('sign-in-required', { profile: name, link })
  io.err(`Sign in for ${name} in your browser, or open ${link}\n`)
  const outcome = await control.outcome(id)
  return { name, username: outcome.username }
}
