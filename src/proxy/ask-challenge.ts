// Asks a service what tokens it takes: one request without a token, whose refusal names authority and audience.
import type { Dispatcher } from 'undici'
import type { RefusalEvidence } from '../terms/evidence.ts'
import type { Route } from '../terms/route.ts'
import { readChallenge } from './evidence.ts'

/** Milliseconds for the whole of it. */
const patience = 5_000

/** The challenge of the service, or undefined when it gave none or could not be reached: an explanation then goes without. */
export async function askForChallenge({ origin, basePath, kind }: Route, dispatcher: Dispatcher): Promise<RefusalEvidence['challenge']> {
  const path = `${basePath}${kind === 'fhir' ? '/Patient?_count=1' : '/studies?limit=1'}`
  try {
    const { headers, body } = await dispatcher.request({ origin, path, method: 'GET', signal: AbortSignal.timeout(patience) })
    await body.dump()
    return readChallenge([headers['www-authenticate'] ?? []].flat().join(', '))
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}
