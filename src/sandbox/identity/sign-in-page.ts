// The sign-in page: a plain form that lists the sandbox's people and works without JavaScript.
import type { FastifyReply } from 'fastify'
import type { PendingSignIn } from './authorization-server.ts'
import type { DirectoryPerson } from './directory.ts'
import { type FaultName, faultTable } from './fault-table.ts'
import { type Html, html } from './html.ts'
import { formTargetOf, sendPage } from './page.ts'

export type SignInPage = {
  pending: PendingSignIn
  people: readonly DirectoryPerson[]
  /** Names the pending sign-in; good for one submission. */
  ticket: string
  /** Path of the form's target on this server. */
  action: string
  /** Who is to be chosen already; anybody unknown means the first. */
  loginHint: string | undefined
  /** The fault that is on: whoever meets it is told that it is meant. */
  fault: FaultName | undefined
}

/** Shows who can be signed in. The form posts `ticket`, `username` and `do` (sign-in or cancel). */
export function sendSignInPage(reply: FastifyReply, { pending, people, ticket, action, loginHint, fault }: SignInPage): FastifyReply {
  const { application } = pending
  const chosen = people.find(({ username }) => username === loginHint?.toLowerCase()) ?? people[0]
  const body = html`<h1>This is hallpass’s sandbox, not a Microsoft page</h1>
<p>Nobody’s real password is asked for here. The people below are made up, and so is all health data behind them.</p>
${fault !== undefined && faultNotice(fault)}${pending.kind === 'device' && deviceWarning(pending.userCode)}
<form method="post" action="${action}">
<input type="hidden" name="ticket" value="${ticket}">
<fieldset>
<legend>Sign in to ${application.displayName} as</legend>
${people.filter(({ hindrance }) => !hindrance).map(person => choice(person, person === chosen))}${hindered(people, chosen)}
</fieldset>
<div class="actions">
<button name="do" value="sign-in">Sign in</button>
<button name="do" value="cancel" class="second">Cancel</button>
</div>
</form>
${destination(pending)}`
  const formTarget = pending.kind === 'authorization' ? { formTarget: formTargetOf(pending.redirectUri) } : {}
  return sendPage(reply, { status: 200, title: 'hallpass sandbox: sign in', body, ...formTarget, referrerPolicy: 'same-origin' })
}

const faultNotice = (
  fault: FaultName,
): Html => html`<p class="refusal">The fault <strong>${fault}</strong> is switched on. ${faultTable[fault].description}</p>
`

/** Whoever is talked into entering a stranger's code signs the stranger in: RFC 8628 section 5.4. */
const deviceWarning = (userCode: string): Html =>
  html`<p class="refusal">A device that shows the code <strong>${userCode}</strong> wants to be signed in. Go on only if it is yours and you asked for it.</p>
`

function destination(pending: PendingSignIn): Html {
  const { application, consentTo } = pending
  const asked = consentTo.flatMap(({ named }) => named).join(' ')
  const where =
    pending.kind === 'device' ? html`the device picks its answer up` : html`gets its answer at <code>${pending.redirectUri}</code>`
  return html`<p class="quiet from">${application.displayName} asks for <code>${asked}</code> and ${where}</p>`
}

function hindered(people: readonly DirectoryPerson[], chosen: DirectoryPerson | undefined): Html {
  const listed = people.filter(({ hindrance }) => hindrance)
  return html`<details${listed.some(person => person === chosen) && html` open`}><summary>Accounts that cannot sign in</summary>
${listed.map(person => choice(person, person === chosen))}</details>`
}

function choice({ name, username, may, roles, hindrance }: DirectoryPerson, checked: boolean): Html {
  const held = hindrance ? '' : roles.join(', ') || 'No role'
  return html`<label><input type="radio" name="username" value="${username}" required${checked && html` checked autofocus`}>
<span><strong>${name}</strong> <small>${username}</small><small class="may">${may}</small>${held !== '' && html`<small class="may">${held}</small>`}</span></label>
`
}
