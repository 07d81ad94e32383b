// `/-/explain/ID`: why an exchange ended as it did, for a browser as a page and for a program as JSON.
import type { FastifyInstance } from 'fastify'
import { answerPage } from '../errors/answer.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { markup, type Page } from '../errors/page.ts'
import type { Journal } from '../journal/journal.ts'
import type { RefusalEvidence } from '../terms/evidence.ts'
import type { Route } from '../terms/route.ts'
import type { ExchangeReport } from './client/wire.ts'
import { reportExchange } from './exchange-report.ts'

export type ExplainParts = {
  journal: Journal
  routes: readonly Route[]
  /** Asks the service of a route, without a token, what tokens it takes. */
  askForChallenge: (route: Route) => Promise<RefusalEvidence['challenge']>
}

/** Rejects with no-such-exchange for one that the journal does not hold (any more). */
export async function explainExchange({ journal, routes, askForChallenge }: ExplainParts, id: string): Promise<ExchangeReport> {
  const record = journal.find(id)
  if (!record) throw new HallpassError('no-such-exchange', { id: /^[a-z0-9-]{1,40}$/.test(id) ? id : '', size: journal.size })
  const { evidence } = record
  const route = routes.find(({ prefix }) => prefix === record.route)
  if (evidence?.status !== 401 || evidence.challenge?.resource !== undefined || !route) return reportExchange(record, routes)
  // What is wrong with a token is said without what would be right: that stands in the answer to a request that has none.
  const asked = await askForChallenge(route)
  const { error, description, claims = false } = evidence.challenge ?? {}
  const challenge = asked && { ...asked, error, description, claims }
  return reportExchange({ ...record, evidence: { ...evidence, challenge: challenge ?? evidence.challenge } }, routes)
}

export function addExplainPage(app: FastifyInstance, parts: ExplainParts): void {
  app.get<{ Params: { id: string } }>('/-/explain/:id', async ({ params, headers }, reply) => {
    const report = await explainExchange(parts, params.id)
    if (!headers.accept?.includes('text/html')) return report
    reply.hijack()
    answerPage(reply.raw, pageOf(report), 200)
    return reply
  })
}

function pageOf({ id, method, path, status, time, summary, cause, remedy, command, facts }: ExchangeReport): Page {
  const rows = facts.map(([name, value]) => markup`<tr><th>${name}</th><td>${value}</td></tr>`).join('')
  return {
    title: summary,
    main: markup`<p>${cause}</p><p><strong>What to do:</strong> ${remedy}</p>`.concat(
      command === null ? '' : markup`<p><code>${command}</code></p>`,
      rows && `<table>${rows}</table>`,
      markup`<p class="quiet"><code>${method} ${path}</code> · ${status} · ${time} · <code>hallpass explain ${id}</code></p>`,
    ),
  }
}
