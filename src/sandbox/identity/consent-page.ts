// The consent page: what an application wants to do in a person's name, and who may say yes.
import type { FastifyReply } from 'fastify'
import type { PendingSignIn } from './authorization-server.ts'
import type { WantedScope } from './consent.ts'
import type { DirectoryPerson } from './directory.ts'
import { type Html, html } from './html.ts'
import { formTargetOf, sendPage } from './page.ts'

export type ConsentPage = {
  pending: PendingSignIn
  person: DirectoryPerson
  wanted: readonly WantedScope[]
  /** Names what is being decided; good for one submission. */
  ticket: string
  /** Path of the form's target on this server. */
  action: string
}

type Wording = { heading: string; reason: Html; buttons: Html; footnote?: string }

/** Asks the person. The form posts `ticket` and `do` (accept or decline). */
export function sendConsentPage(reply: FastifyReply, page: ConsentPage): FastifyReply {
  return send(reply, page, {
    heading: 'Permissions requested',
    reason: html`<p><strong>${page.pending.application.displayName}</strong> would like to use in your name:</p>`,
    buttons: html`<button name="do" value="accept">Accept</button>
<button name="do" value="decline" class="second">Cancel</button>`,
    footnote: 'You are asked once: the sandbox remembers the answer yes until it is stopped.',
  })
}

/** Says that only an administrator may. The form posts `ticket` and `do` (return). */
export function sendApprovalPage(reply: FastifyReply, page: ConsentPage): FastifyReply {
  const { displayName } = page.pending.application
  return send(reply, page, {
    heading: 'Need admin approval',
    reason: html`<p><strong>${displayName}</strong> needs permissions that only an administrator of this organization can grant:</p>`,
    buttons: html`<button name="do" value="return">Back to ${displayName} without approval</button>`,
  })
}

function send(reply: FastifyReply, { pending, person, wanted, ticket, action }: ConsentPage, wording: Wording): FastifyReply {
  const { heading, reason, buttons, footnote } = wording
  const body = html`<h1>${heading}</h1>
<p class="quiet">hallpass’s sandbox, not a Microsoft page. Signed in as ${person.name}, ${person.username}</p>
${reason}
<ul>
${wanted.map(({ resource, name }) => html`<li><code>${name}</code> of ${resource.displayName}</li>\n`)}</ul>
<form method="post" action="${action}">
<input type="hidden" name="ticket" value="${ticket}">
<div class="actions">
${buttons}
</div>
</form>
${footnote !== undefined && html`<p class="quiet from">${footnote}</p>`}`
  const formTarget = pending.kind === 'authorization' ? { formTarget: formTargetOf(pending.redirectUri) } : {}
  return sendPage(reply, { status: 200, title: 'hallpass sandbox: consent', body, ...formTarget, referrerPolicy: 'same-origin' })
}
