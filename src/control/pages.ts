// The pages under `/-/` and the front page, for a person's browser; and the health checks, for scripts.
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import type { SignIn } from '../broker/sign-ins.ts'
import { answerError, answerPage } from '../errors/answer.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import { errorPage, markup, type Page, signInForm } from '../errors/page.ts'
import type { Route } from '../terms/route.ts'

export type PagesParts = { broker: Broker; routes: readonly Route[]; version: string }

/** The app for every path that is no route. It never listens: the daemon hands requests to its `routing`. */
export function createPages({ broker, routes, version }: PagesParts): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: 16 * 1024, exposeHeadRoutes: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(String(body)))
  })
  app.setErrorHandler((thrown, _request, reply) => refuse(reply, asHallpassError(thrown)))
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, new HallpassError('no-route', { routes: routes.map(({ prefix }) => prefix).join(', ') })),
  )

  app.get('/-/health/live', async () => ({ status: 'live' }))
  app.get('/-/health/ready', async () => ({ status: 'ready' }))
  app.get('/', async (_request, reply) => page(reply, await frontPage(broker, routes, version)))
  app.get('/-/sign-in', async (_request, reply) => page(reply, await signInPage(broker)))

  app.post<{ Body: URLSearchParams }>('/-/sign-in', async ({ body }, reply) => {
    const profile = body.get('profile') ?? ''
    const profiles = (await broker.profiles()).map(status => status.profile)
    if (!profiles.includes(profile)) throw new HallpassError('no-such-profile', { profile: '', profiles: profiles.join(', ') })
    const signIn = await broker.signIn(profile, { open: 'never', returnTo: pathOfOurs(body.get('return_to'), routes) })
    return reply.redirect(signIn.authorizationUrl, 303)
  })

  app.get<{ Params: { id: string } }>('/-/sign-in/:id', async ({ params }, reply) => {
    const signIn = broker.signIns.find(params.id)
    if (!signIn) return page(reply, { ...(await signInPage(broker)), title: 'This sign-in link is over' }, 404)
    if (signIn.state === 'pending') return reply.redirect(signIn.authorizationUrl, 303)
    return page(reply, outcomePage(signIn, broker), signIn.error?.entry.status ?? 200)
  })
  return app
}

function page(reply: FastifyReply, content: Page, status = 200): FastifyReply {
  reply.hijack()
  answerPage(reply.raw, content, status)
  return reply
}

function refuse(reply: FastifyReply, error: HallpassError): void {
  reply.hijack()
  answerError(reply.raw, error, 'person')
}

/** Only a path under a route: after a sign-in nobody is sent anywhere else. */
function pathOfOurs(path: string | null, routes: readonly Route[]): string | undefined {
  if (path === null || !/^\/[!-~]*$/.test(path) || path.includes('\\')) return undefined
  return routes.some(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`)) ? path : undefined
}

async function signInPage(broker: Broker): Promise<Page> {
  const profiles = await broker.profiles()
  const lines = profiles.map(({ profile, account }) =>
    account
      ? markup`<p>${profile}: signed in as ${account.username}. To change the account, run <code>hallpass logout ${profile}</code>.</p>`
      : signInForm(profile, undefined),
  )
  return { title: 'Sign in', main: lines.join(''), formOrigins: profiles.map(({ profile }) => broker.authorizationOrigin(profile)) }
}

function outcomePage(signIn: SignIn, broker: Broker): Page {
  if (!signIn.error && signIn.returnTo !== undefined) return returnPage(signIn.returnTo)
  if (!signIn.error) {
    return {
      title: 'You are signed in',
      main: markup`<p>hallpass has what it needs for <code>${signIn.profile}</code>. You can close this tab.</p>`,
    }
  }
  return {
    ...errorPage(signIn.error, signInForm(signIn.profile, signIn.returnTo)),
    formOrigins: [broker.authorizationOrigin(signIn.profile)],
  }
}

/** Goes on by itself. Not by a redirect: the browser would carry on the foreign site from which the sign-in came back, and the guard would refuse it. */
function returnPage(path: string): Page {
  const main = markup`<p>Going on to <a href="${path}">${path}</a></p>`
  return { title: 'You are signed in', main, refreshTo: path }
}

async function frontPage(broker: Broker, routes: readonly Route[], version: string): Promise<Page> {
  const profiles = await broker.profiles()
  const signedIn = new Map(profiles.map(({ profile, account }) => [profile, account?.username]))
  const rows = routes.map(
    ({ prefix, kind, origin, basePath, profile }) =>
      markup`<tr><td><code>${prefix}</code></td><td>${kind}</td><td>${origin}${basePath}</td><td>${signedIn.get(profile) ?? 'nobody'} (${profile})</td></tr>`,
  )
  const main = markup`<p class="quiet">hallpass ${version}</p>`.concat(
    '<table><thead><tr><th>Route</th><th>Kind</th><th>Service</th><th>Signed in</th></tr></thead><tbody>',
    rows.join(''),
    '</tbody></table><p><a href="/-/sign-in">Sign in</a></p>',
  )
  return { title: 'hallpass is running', main }
}
