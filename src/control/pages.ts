// The pages under `/-/` and the front page, for a person's browser; and the health checks, for scripts.
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { answerError } from '../errors/answer.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { markup, type Page } from '../errors/page.ts'
import type { Route } from '../terms/route.ts'
import { asApiError } from './api-app.ts'
import { addExplainPage, type ExplainParts } from './explain-page.ts'
import { page } from './page-reply.ts'
import { addSignInPages } from './sign-in-pages.ts'

export type PagesParts = { broker: Broker; explain: ExplainParts; routes: readonly Route[]; version: string }

/** The app for every path that is no route. It never listens: the daemon hands requests to its `routing`. */
export function createPages({ broker, explain, routes, version }: PagesParts): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: 16 * 1024,
    exposeHeadRoutes: true,
    // Fastify's own answer to a broken percent-encoding repeats the path, under no policy.
    frameworkErrors: (_error, _request, reply) => refuse(reply as unknown as FastifyReply, brokenEncoding()),
  })
  app.addHook('onSend', async (_request, reply) => void reply.headers(closed))
  app.removeAllContentTypeParsers()
  // Whatever a body calls itself: it has the fields of a form, or it names no profile.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(String(body)))
  })
  app.setErrorHandler((thrown, _request, reply) => refuse(reply, asPageError(thrown)))
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, new HallpassError('no-route', { routes: routes.map(({ prefix }) => prefix).join(', ') })),
  )

  app.get('/-/health/live', async () => ({ status: 'live' }))
  app.get('/-/health/ready', async () => ({ status: 'ready' }))
  app.get('/', async (_request, reply) => page(reply, await frontPage(broker, routes, version)))
  addSignInPages(app, broker, routes)
  addExplainPage(app, explain)
  return app
}

/** For the answers that are no page: the health checks. */
const closed = {
  'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

function brokenEncoding(): HallpassError {
  return new HallpassError('target-refused', { rule: 'broken percent-encoding' })
}

/** JSON is for the control API alone. */
function asPageError(thrown: unknown): HallpassError {
  const error = asApiError(thrown)
  return error.code === 'media-type-refused' ? new HallpassError('request-malformed', {}, { cause: thrown }) : error
}

function refuse(reply: FastifyReply, error: HallpassError): void {
  reply.hijack()
  answerError(reply.raw, error, 'person')
}

async function frontPage(broker: Broker, routes: readonly Route[], version: string): Promise<Page> {
  const profiles = await broker.profiles()
  const signedIn = new Map(profiles.map(({ profile, account }) => [profile, account?.username]))
  const rows = routes.map(
    ({ prefix, kind, origin, basePath, profile }) =>
      markup`<tr><td><code>${prefix}</code></td><td><code>${kind}</code></td><td>${origin}${basePath}</td><td>${signedIn.get(profile) ?? 'nobody'} (${profile})</td></tr>`,
  )
  const main = markup`<p class="quiet">hallpass ${version}</p>`.concat(
    '<table><thead><tr><th>Route</th><th>Kind</th><th>Service</th><th>Signed in</th></tr></thead><tbody>',
    rows.join(''),
    '</tbody></table><p><a href="/-/sign-in">Sign in</a></p>',
  )
  return { title: 'hallpass is running', main }
}
