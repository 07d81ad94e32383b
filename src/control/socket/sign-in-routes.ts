// Signing in and out, for the command line.
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Broker } from '../../broker/broker.ts'
import type { DevicePrompt } from '../../broker/sign-in.ts'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type {
  CancelReport,
  CancelRequest,
  DeviceReport,
  LoginOutcome,
  LoginReport,
  LoginRequest,
  LogoutReport,
  LogoutRequest,
} from '../client/wire.ts'
import { name, type SocketApiParts, strict } from './parts.ts'

const loginBody = Type.Object({ profile: Type.Optional(name), open: Type.Boolean(), choose: Type.Optional(Type.Boolean()) }, strict)
const cancelBody = Type.Object({ profile: Type.Optional(name), unlessWaitedFor: Type.Optional(Type.Boolean()) }, strict)
const logoutBody = Type.Object({ profile: Type.Optional(name), all: Type.Optional(Type.Boolean()) }, strict)

export function addSignInRoutes(api: FastifyInstance, { current }: SocketApiParts): void {
  api.post<{ Body: LoginRequest }>('/login', { schema: { body: loginBody } }, async ({ body }): Promise<LoginReport> => {
    const { broker } = current()
    const profile = await chosenProfile(broker, body.profile)
    const username = body.choose ? undefined : await broker.signedIn(profile)
    if (username !== undefined) return { profile, id: null, link: null, username, began: false, device: null }
    const began = broker.signIns.pendingOf(profile) === undefined
    const options = { open: body.open ? ('again' as const) : ('never' as const), attended: body.open, choose: body.choose }
    const { id, link, device } = await broker.signIn(profile, options)
    return { profile, id, link, username: null, began, device: device ? reportDevice(device) : null }
  })

  api.post<{ Body: CancelRequest }>('/login/cancel', { schema: { body: cancelBody } }, async ({ body }): Promise<CancelReport> => {
    const { broker } = current()
    const profile = await chosenProfile(broker, body.profile)
    const waiting = broker.tokens.waiting(profile)
    if (body.unlessWaitedFor && waiting > 0) return { profile, cancelled: false, waiting }
    broker.signIns.acknowledge(profile)
    return { profile, cancelled: broker.signIns.cancel(profile), waiting }
  })

  api.get<{ Params: { id: string } }>('/login/:id', async ({ params }): Promise<LoginOutcome> => {
    const { broker } = current()
    const signIn = broker.signIns.find(params.id)
    if (!signIn) throw new HallpassError('sign-in-expired')
    await signIn.outcome
    return { profile: signIn.profile, username: (await broker.signedIn(signIn.profile)) ?? null }
  })

  api.post<{ Body: LogoutRequest }>('/logout', { schema: { body: logoutBody } }, async ({ body }): Promise<LogoutReport> => {
    const { broker } = current()
    const all = (await broker.profiles()).map(({ profile }) => profile)
    const profiles = body.all ? all : [await chosenProfile(broker, body.profile)]
    // All of them, whatever one of them runs into.
    const ends = await Promise.allSettled(profiles.map(profile => broker.signOut(profile)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return { profiles }
  })
}

function reportDevice({ userCode, verificationUri, expiresAt }: DevicePrompt): DeviceReport {
  return { userCode, verificationUri, expiresAt: new Date(expiresAt).toISOString() }
}

async function chosenProfile(broker: Broker, profile: string | undefined): Promise<string> {
  const names = (await broker.profiles()).map(status => status.profile)
  if (profile !== undefined && names.includes(profile)) return profile
  const [only] = names
  if (profile === undefined && names.length === 1 && only !== undefined) return only
  if (profile === undefined)
    throw new HallpassError('usage', { what: `There are several profiles: ${names.join(', ')}. Name one.`, command: 'hallpass login' })
  throw new HallpassError('no-such-profile', { profile, profiles: names.join(', ') })
}
