// `hallpass login`: signs in ahead of the first request, or ends a sign-in that waits.
import type { ControlClient } from '../control/client/control-client.ts'
import type { LoginReport } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { deviceWarning } from '../terms/device-code.ts'
import { printable } from '../terms/printable.ts'
import { connect } from './connect.ts'
import { type Command, exitCodes, type Io } from './io.ts'

export const runLogin: Command = async (io, args) => {
  const [profile] = args.words
  const control = await connect(io, args)
  if (args.switches.has('cancel')) return cancel(io, control, profile)
  const { name, username } = await signIn(io, control, profile, args.switches.has('choose'))
  io.err(`Signed in for ${name}${username ? ` as ${printable(username)}` : ''}.\n`)
  return exitCodes.ok
}

/** Signs in unless somebody is signed in already; waits for the person. Rejects with sign-in-required when nobody may be asked, and when they leave. */
export async function signIn(
  io: Io,
  control: ControlClient,
  profile: string | undefined,
  choose = false,
): Promise<{ name: string; username: string | null }> {
  const open = !io.env.HALLPASS_NO_USER
  const started = await control.login({ ...(profile !== undefined && { profile }), open, ...(choose && { choose }) })
  const { id, link, profile: name, username } = started
  if (id === null || link === null) return { name, username }
  if (!open) throw new HallpassError('sign-in-required', { profile: name, link })
  const interrupted = io.interruption()
  io.err(invitation(started, link))
  const left = new AbortController()
  const outcome = control.outcome(id, left.signal)
  const ended = await Promise.race([outcome, interrupted])
  if (typeof ended === 'object') return { name, username: ended.username }
  outcome.catch(() => undefined)
  left.abort()
  const goesOn = await leave(control, started)
  if (goesOn === undefined) throw new HallpassError('sign-in-cancelled')
  io.err(`\nThe sign-in goes on: ${goesOn}. \`hallpass login --cancel ${name}\` ends it.\n`)
  throw new HallpassError('sign-in-required', { profile: name, link })
}

function invitation({ profile, device }: LoginReport, link: string): string {
  if (!device) return `Sign in for ${profile} in your browser, or open ${link}\n`
  const until = new Date(device.expiresAt).toLocaleTimeString()
  return `Sign in for ${profile}: open ${printable(device.verificationUri)} on any device and type

    ${printable(device.userCode)}

${deviceWarning} The code is good until ${until}; Ctrl-C gives up.\n`
}

/** Whoever gives up ends the sign-in that they began, unless requests wait for it: then the reason why it goes on. */
async function leave(control: ControlClient, { profile, began }: LoginReport): Promise<string | undefined> {
  if (!began) return 'it had begun before'
  const { cancelled, waiting } = await control.cancelLogin({ profile, unlessWaitedFor: true })
  return !cancelled && waiting > 0 ? `${waiting === 1 ? 'a request waits' : `${waiting} requests wait`} for it` : undefined
}

async function cancel(io: Io, control: ControlClient, wanted: string | undefined): Promise<number> {
  const { profile, cancelled } = await control.cancelLogin({ ...(wanted !== undefined && { profile: wanted }) })
  io.err(cancelled ? `The sign-in for ${profile} is cancelled.\n` : `No sign-in for ${profile} waits.\n`)
  return exitCodes.ok
}
