// The pages of the device authorization grant: where a code is entered, and what became of it.
import type { FastifyReply } from 'fastify'
import type { Application } from './directory.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'

/** Asks for the code. The form posts `ticket` and `user_code`; `refusal` says why the last one was not taken. */
export function sendDeviceCodePage(reply: FastifyReply, ticket: string, refusal?: string): FastifyReply {
  const body = html`<h1>Enter the code of your device</h1>
<p class="quiet">This is hallpass’s sandbox, not a Microsoft page. Nobody’s real password is asked for here.</p>
${refusal !== undefined && html`<p class="refusal" role="alert">${refusal}</p>`}
<form method="post" action="/device">
<input type="hidden" name="ticket" value="${ticket}">
<p><label class="entry"><span>Code</span> <input type="text" name="user_code" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20"></label></p>
<div class="actions"><button>Next</button></div>
</form>
<p class="quiet from">Enter a code only from a device or program of your own: it will be signed in as you.</p>`
  const status = refusal === undefined ? 200 : 400
  return sendPage(reply, { status, title: 'hallpass sandbox: device', body, referrerPolicy: 'same-origin' })
}

/** Says that all is done here. */
export function sendDeviceOutcomePage(reply: FastifyReply, { displayName }: Application, outcome: 'signed-in' | 'declined'): FastifyReply {
  const heading = outcome === 'signed-in' ? 'You are signed in on your device' : 'Your device was not signed in'
  const body = html`<h1>${heading}</h1>
<p>${displayName} learns of it by itself. You can close this page.</p>`
  return sendPage(reply, { status: 200, title: 'hallpass sandbox: device', body, referrerPolicy: 'no-referrer' })
}
