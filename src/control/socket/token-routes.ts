// The access token, for whoever asks for it by name.
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { HallpassError } from '../../errors/hallpass-error.ts'
import type { Route } from '../../terms/route.ts'
import type { TokenReport, TokenRequest } from '../client/wire.ts'
import { name, type SocketApiParts, strict } from './parts.ts'

const tokenBody = Type.Object({ route: Type.Optional(name), wait: Type.Boolean() }, strict)

export function addTokenRoutes(api: FastifyInstance, { current }: SocketApiParts): void {
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
