// The page on which a refusal ends when there is no redirect URI that may be trusted with it.
import type { FastifyReply } from 'fastify'
import type { EntraError, Trace } from './entra-error.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'

/** Shows `AADSTSnnn: text` and what identifies it. Always 400, never a redirect (RFC 6749 section 4.1.2.1). */
export function sendErrorPage(reply: FastifyReply, { message }: EntraError, trace: Trace): FastifyReply {
  const body = html`<h1>hallpass’s sandbox refuses this sign-in</h1>
<p class="refusal">${message}</p>
<p>Microsoft Entra ID answers such a request with a page like this one, under the same code.</p>
<dl>
<dt>Trace ID</dt><dd>${trace.traceId}</dd>
<dt>Correlation ID</dt><dd>${trace.correlationId}</dd>
<dt>Timestamp</dt><dd>${trace.timestamp}</dd>
</dl>`
  return sendPage(reply, { status: 400, title: 'hallpass sandbox: refused', body, referrerPolicy: 'no-referrer' })
}
