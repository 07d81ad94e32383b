// The journal, for the command line: all of it, as it is or as HAR, and one exchange explained.
import type { FastifyInstance } from 'fastify'
import { harOf } from '../../journal/har.ts'
import type { ExchangeReport, JournalReport } from '../client/wire.ts'
import { explainExchange } from '../explain-page.ts'
import type { SocketApiParts } from './parts.ts'

export function addJournalRoutes(api: FastifyInstance, { current, status }: SocketApiParts): void {
  api.get('/journal', async (): Promise<JournalReport> => {
    const records = current().explain.journal.records()
    return { version: 1, exchanges: records.map(({ evidence: _, time, ...record }) => ({ time: new Date(time).toISOString(), ...record })) }
  })

  api.get('/journal/har', async () => {
    const { hallpass: version, url } = await status()
    return harOf(current().explain.journal.records(), { version, url })
  })

  api.get<{ Params: { id: string } }>(
    '/explain/:id',
    ({ params }): Promise<ExchangeReport> => explainExchange(current().explain, params.id),
  )
}
