// The sign-in page: a plain form that lists the sandbox's people and works without JavaScript.
import type { FastifyReply } from 'fastify'
import type { PendingAuthorization } from './authorization-server.ts'
import type { DirectoryPerson } from './directory.ts'
import { type Html, html } from './html.ts'
import { sendPage } from './page.ts'

export type SignInPage = {
  pending: PendingAuthorization
  people: readonly DirectoryPerson[]
  /** Names the pending authorization; good for one submission. */
  ticket: string
  /** Path of the form's target on this server. */
  action: string
  /** Who is to be chosen already; anybody unknown means the first. */
  loginHint: string | undefined
}

/** Shows who can be signed in. The form posts `ticket`, `username` and `do` (sign-in or cancel). */
export function sendSignInPage(reply: FastifyReply, { pending, people, ticket, action, loginHint }: SignInPage): FastifyReply {
  const { application, redirectUri, scopes } = pending
  const chosen = people.find(({ username }) => username === loginHint?.toLowerCase()) ?? people[0]
  const body = html`<h1>This is hallpass’s sandbox, not a Microsoft page</h1>
<p>Nobody’s real password is asked for here. The people below are made up, and so is all health data behind them.</p>
<form method="post" action="${action}">
<input type="hidden" name="ticket" value="${ticket}">
<fieldset>
<legend>Sign in to ${application.displayName} as</legend>
${people.map(person => choice(person, person === chosen))}
</fieldset>
<div class="actions">
<button name="do" value="sign-in">Sign in</button>
<button name="do" value="cancel" class="second">Cancel</button>
</div>
</form>
<p class="quiet from">${application.displayName} asks for <code>${scopes.named.join(' ')}</code> and gets its answer at <code>${redirectUri}</code></p>`
  const formTarget = new URL(redirectUri).origin
  return sendPage(reply, { status: 200, title: 'hallpass sandbox: sign in', body, formTarget, referrerPolicy: 'same-origin' })
}

function choice({ name, username, may, roles }: DirectoryPerson, checked: boolean): Html {
  return html`<label><input type="radio" name="username" value="${username}" required${checked && html` checked autofocus`}>
<span><strong>${name}</strong> <small>${username}</small><small class="may">${may}</small><small class="may">${roles.join(', ') || 'No role'}</small></span></label>
`
}
