// The pages on which a person signs in: the button, the code to type, and how it ended.
import type { FastifyInstance } from 'fastify'
import type { Broker, ProfileStatus } from '../broker/broker.ts'
import type { DevicePrompt, SignIn } from '../broker/sign-in.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { errorPage, markup, type Page, signInForm } from '../errors/page.ts'
import { deviceWarning } from '../terms/device-code.ts'
import type { Route } from '../terms/route.ts'
import { page } from './page-reply.ts'
import { returnPath } from './return-path.ts'

/** Seconds after which the page with a code looks whether somebody typed it. */
const look = 3

export function addSignInPages(app: FastifyInstance, broker: Broker, routes: readonly Route[]): void {
  app.get('/-/sign-in', async (_request, reply) => page(reply, await signInPage(broker)))

  app.post<{ Body: URLSearchParams | undefined }>('/-/sign-in', async ({ body = new URLSearchParams() }, reply) => {
    const profile = body.get('profile') ?? ''
    const profiles = (await broker.profiles()).map(status => status.profile)
    if (!profiles.includes(profile)) throw new HallpassError('no-such-profile', { profile: '', profiles: profiles.join(', ') })
    broker.signIns.seen(profile)
    const signIn = await broker.signIn(profile, { open: 'never', attended: false, returnTo: returnPath(body.get('return_to'), routes) })
    return reply.redirect(signIn.authorizationUrl ?? signInPath(signIn.id), 303)
  })

  // A HEAD uses no link up.
  app.get<{ Params: { secret: string } }>(openingPath(':secret'), { exposeHeadRoute: false }, async ({ params }, reply) => {
    const { signIn, used } = broker.signIns.followOpening(params.secret) ?? {}
    if (used) return page(reply, errorPage(linkUsed), linkUsed.entry.status)
    if (signIn?.state !== 'pending') return page(reply, linkOver, 404)
    return reply.redirect(signIn.authorizationUrl ?? openedPathOf(signIn), 303)
  })

  app.get<{ Params: { id: string }; Querystring: { opened?: string } }>(signInPath(':id'), async ({ params, query }, reply) => {
    const signIn = broker.signIns.find(params.id)
    if (!signIn) return page(reply, linkOver, 404)
    if (signIn.state !== 'pending') return page(reply, outcomePage(signIn, broker), signIn.error?.entry.status ?? 200)
    // A browser that opened by itself is nobody's answer.
    const isOpened = query.opened !== undefined
    if (!isOpened) broker.signIns.seen(signIn.profile)
    return signIn.device
      ? page(reply, devicePage(signIn, signIn.device, isOpened))
      : reply.redirect(signIn.authorizationUrl ?? '/-/sign-in', 303)
  })

  app.post<{ Params: { id: string } }>(`${signInPath(':id')}/cancel`, async ({ params }, reply) => {
    const signIn = broker.signIns.find(params.id)
    if (signIn?.state === 'pending') broker.signIns.decline(signIn.profile)
    return reply.redirect(signIn ? signInPath(signIn.id) : '/-/sign-in', 303)
  })
}

/** Where the page of a sign-in is, by its ID. */
export const signInPath = (id: string): string => `/-/sign-in/${id}`
/** Where the link leads that a browser is started with, by its secret. */
export const openingPath = (secret: string): string => `/-/sign-in/once/${secret}`
const openedPathOf = ({ id }: SignIn): string => `${signInPath(id)}?opened`

/** Says nothing of the profiles: whoever has no key may ask for any link. */
const linkOver: Page = {
  title: 'This sign-in link is over',
  main: '<p>Its sign-in has ended or is forgotten, or was another run’s. <a href="/-/sign-in">Start another</a>.</p>',
}

const linkUsed = new HallpassError('sign-in-link-used')

async function signInPage(broker: Broker): Promise<Page> {
  const profiles = await broker.profiles()
  return {
    title: 'Sign in',
    main: profiles.map(profileLine).join(''),
    formOrigins: profiles.map(({ profile }) => broker.authorizationOrigin(profile)),
  }
}

function profileLine({ profile, account, signIn }: ProfileStatus): string {
  if (signIn)
    return markup`<p>A sign-in for <code>${profile}</code> waits for you.</p>
<p><a class="go" href="${signInPath(signIn.id)}">Go on with the sign-in (${profile})</a></p>
`.concat(cancelForm(signIn))
  if (!account) return signInForm(profile, undefined)
  return markup`<p><code>${profile}</code>: signed in as ${account.username}. For another account, run <code>hallpass login ${profile} --choose</code>.</p>`
}

function cancelForm(signIn: SignIn): string {
  return markup`<form method="post" action="${signInPath(signIn.id)}/cancel"><button class="lesser">Cancel the sign-in (${signIn.profile})</button></form>`
}

function devicePage(signIn: SignIn, { userCode, verificationUri }: DevicePrompt, isOpened: boolean): Page {
  const main = markup`<p>Open <a href="${verificationUri}" rel="noreferrer">${verificationUri}</a> on any device and type this code:</p>
<p class="code">${userCode}</p>
<p><strong>${deviceWarning}</strong> Whoever gets somebody else to type theirs is signed in as them.</p>
<p class="quiet">This page goes on by itself once you have signed in for <code>${signIn.profile}</code>. Many organisations block sign-in with a code; then
set <code>"flow": "authorization-code"</code>.</p>
`
  const refreshTo = isOpened ? openedPathOf(signIn) : signInPath(signIn.id)
  return { title: 'Sign in with a code', main: main.concat(cancelForm(signIn)), refreshTo, refreshSeconds: look }
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
