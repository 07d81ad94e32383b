// The control API for the command line: JSON over a unix socket (a named pipe on Windows) that only its owner can reach.
import Fastify, { type FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Broker } from '../broker/broker.ts'
import type { Config } from '../config/config.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { Route } from '../terms/route.ts'
import type {
  Failure,
  LoginOutcome,
  LoginReport,
  LoginRequest,
  LogoutReport,
  LogoutRequest,
  SecretRemoval,
  SecretReport,
  SecretRequest,
  StatusReport,
  TokenReport,
  TokenRequest,
} from './client/wire.ts'

/** Client secrets in the vault. */
export type SecretKeeper = {
  set(profile: string, secret: string): Promise<void>
  remove(profile: string): Promise<boolean>
  list(): SecretReport[]
}

export type SocketApiParts = {
  /** The broker and the configuration in force. */
  current: () => { broker: Broker; config: Config; secrets: SecretKeeper }
  status: () => Promise<StatusReport>
  /** Ends the daemon, after this answer is out. */
  stop: () => void
}

const name = Type.String({ minLength: 1, maxLength: 200 })
const strict = { additionalProperties: false }
const loginBody = Type.Object({ profile: Type.Optional(name), open: Type.Boolean() }, strict)
const logoutBody = Type.Object({ profile: Type.Optional(name), all: Type.Optional(Type.Boolean()) }, strict)
const secretBody = Type.Object({ profile: name, secret: Type.String({ minLength: 1, maxLength: 10_000 }) }, strict)
const profileBody = Type.Object({ profile: name }, strict)
const tokenBody = Type.Object({ route: Type.Optional(name), wait: Type.Boolean() }, strict)

export function createSocketApi({ current, status, stop }: SocketApiParts): FastifyInstance {
  const api = Fastify({ logger: false, bodyLimit: 64 * 1024 })
  api.setErrorHandler((thrown, _request, reply) => {
    const error = asHallpassError(thrown)
    const failure: Failure = { code: error.code, particulars: { ...error.particulars } }
    reply.code(error.entry.status).send(failure)
  })

  api.get('/status', (): Promise<StatusReport> => status())

  api.post<{ Body: LoginRequest }>('/login', { schema: { body: loginBody } }, async ({ body }): Promise<LoginReport> => {
    const { broker } = current()
    const profile = await chosenProfile(broker, body.profile)
    const username = await broker.signedIn(profile)
    if (username !== undefined) return { profile, id: null, link: null, username }
    const { id, link } = await broker.signIn(profile, { open: body.open ? 'again' : 'never' })
    return { profile, id, link, username: null }
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
    for (const profile of profiles) await broker.signOut(profile)
    return { profiles }
  })

  api.post<{ Body: TokenRequest }>('/token', { schema: { body: tokenBody } }, async ({ body, raw }): Promise<TokenReport> => {
    const { broker, config } = current()
    const route = chosenRoute(config.routes, body.route)
    const gone = new AbortController()
    raw.socket.once('close', () => gone.abort(new HallpassError('internal', { what: 'the caller has gone' })))
    const bearer = await broker.tokens.acquire(route, { asking: body.wait ? 'wait' : 'link', signal: gone.signal })
    return {
      version: 1,
      route: route.prefix,
      audience: bearer.audience,
      token: bearer.reveal(),
      expiresAt: new Date(bearer.expiresAt).toISOString(),
    }
  })

  api.get('/secrets', async (): Promise<SecretReport[]> => current().secrets.list())

  api.post<{ Body: SecretRequest }>('/secrets', { schema: { body: secretBody } }, async ({ body }) => {
    await current().secrets.set(body.profile, body.secret)
    current().broker.tokens.drop(body.profile)
    return {}
  })

  api.post<{ Body: { profile: string } }>(
    '/secrets/remove',
    { schema: { body: profileBody } },
    async ({ body }): Promise<SecretRemoval> => {
      const kept = await current().secrets.remove(body.profile)
      current().broker.tokens.drop(body.profile)
      return { kept }
    },
  )

  api.post('/stop', async (_request, reply) => {
    reply.raw.once('finish', stop)
    return {}
  })
  return api
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

/** The named route, with or without its slash; without a name the first. */
function chosenRoute(routes: readonly Route[], wanted: string | undefined): Route {
  const prefix = wanted?.replace(/^\/?/, '/')
  const route = prefix === undefined ? routes[0] : routes.find(candidate => candidate.prefix === prefix)
  if (!route)
    throw new HallpassError('no-such-route', {
      route: prefix ?? '',
      routes: routes.map(candidate => candidate.prefix).join(', ') || 'none',
    })
  return route
}
