// Brings the answer of an authorization request to its redirect URI, in the response mode that was asked for.
import type { FastifyReply } from 'fastify'
import type { PendingAuthorization } from './authorization-server.ts'
import { html } from './html.ts'
import { formTargetOf, noStore, sendPage } from './page.ts'

/** Where an answer may go: known as soon as the redirect URI is found good. */
export type ResponseTarget = Pick<PendingAuthorization, 'application' | 'redirectUri' | 'platform' | 'responseMode' | 'state'>

/** Sends `code` or `error` with its companions and the request's `state` (RFC 6749 section 4.1.2). */
export function sendAuthorizationResponse(reply: FastifyReply, target: ResponseTarget, answer: Record<string, string>): FastifyReply {
  const { redirectUri, responseMode, state } = target
  const parameters = { ...answer, ...(state !== undefined && { state }) }
  if (responseMode === 'form_post') return sendFormPost(reply, target, parameters)
  const { href } = new URL(redirectUri)
  const separator = responseMode === 'fragment' ? '#' : href.includes('?') ? '&' : '?'
  return reply
    .headers({ ...noStore, 'referrer-policy': 'no-referrer' })
    .redirect(`${href}${separator}${new URLSearchParams(parameters)}`, 302)
}

/** OAuth 2.0 Form Post Response Mode: the page submits itself, and by its button where scripts do not run. */
function sendFormPost(reply: FastifyReply, { application, redirectUri }: ResponseTarget, parameters: Record<string, string>): FastifyReply {
  const inputs = Object.entries(parameters).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  const body = html`<h1>Going back to ${application.displayName}</h1>
<p>Should nothing happen, press Continue.</p>
<form method="post" action="${redirectUri}">
${inputs}
<div class="actions"><button>Continue</button></div>
</form>`
  return sendPage(reply, {
    status: 200,
    title: 'hallpass sandbox: going back',
    body,
    formTarget: formTargetOf(redirectUri),
    script: 'document.forms[0].submit()',
    referrerPolicy: 'no-referrer',
  })
}
