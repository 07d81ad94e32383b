// The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0). Nobody's session is kept here, so there is none to end.
import type { FastifyInstance } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { checkTenant } from './directory.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'
import type { TenantRequest } from './page-routes.ts'
import { parametersOf } from './parameters.ts'

/** Adds `/{tenant}/oauth2/v2.0/logout`. A `post_logout_redirect_uri` that an application registered becomes a link; others are ignored. */
export function addLogout(pages: FastifyInstance, { directory }: AuthorizationServer): void {
  pages.get('/:tenant/oauth2/v2.0/logout', async (request: TenantRequest, reply) => {
    checkTenant(directory, request.params.tenant)
    const wanted = parametersOf(request).optional('post_logout_redirect_uri')
    const registered = directory.applications.flatMap(({ redirectUris }) => Object.values(redirectUris).flat())
    const back = registered.find(uri => uri === wanted)
    const body = html`<h1>You are signed out of hallpass’s sandbox</h1>
<p>Tokens that were given out stay good until they expire. You can close this page.</p>
${back !== undefined && html`<p><a href="${back}">Back to the application</a></p>`}`
    return sendPage(reply, { status: 200, title: 'hallpass sandbox: signed out', body, referrerPolicy: 'no-referrer' })
  })
}
