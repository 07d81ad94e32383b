// Collects what explains a service's 401 or 403 while it passes unchanged: claims of our token, the challenge, and words of the protocol in the body.
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { parseChallenge } from '../terms/challenge.ts'
import type { RefusalEvidence } from '../terms/evidence.ts'
import { printable } from '../terms/printable.ts'
import { claimsOf } from './claims.ts'
import type { Exchange } from './exchange.ts'
import type { Answer, BodyWatch } from './steps.ts'

/** Bytes of the body that are looked at; a refusal's are some hundred. */
const lookedAt = 4096

/** Keeps the evidence with the exchange, and tells the client where it is explained. */
export function collectEvidence(answer: Answer, exchange: Exchange): void {
  const { id, parts, bearer, route, interaction, sent } = exchange
  const evidence: RefusalEvidence = {
    status: answer.status,
    claims: bearer && claimsOf(bearer),
    audience: route.audience,
    challenge: readChallenge(valuesOf(answer.fields, 'www-authenticate')),
    body: 'unread',
    issue: undefined,
    reads: interaction.reads,
    replayed: sent > 1,
  }
  exchange.evidence = evidence
  answer.fields.push('Hallpass-Explain', parts.urlOf(`/-/explain/${id}`))
  if (answer.hasBody) answer.watches.push(new RefusalBody(evidence, valuesOf(answer.fields, 'content-encoding')))
}

/** The values of a field, joined as RFC 9110 section 5.3 has it. */
export function valuesOf(fields: readonly string[], wanted: string): string {
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === wanted).join(', ')
}

/** A Bearer challenge, as far as it may be kept. */
export function readChallenge(field: string): RefusalEvidence['challenge'] {
  const challenge = parseChallenge(field)
  if (!challenge) return undefined
  const { error, errorDescription, authorizationUri, resourceId, realm, claims } = challenge
  const shown = (text: string | undefined) => (text === undefined ? undefined : printable(text, 300))
  const resource = resourceId ?? (realm !== undefined && /^(?:https?|api):\/\//.test(realm) ? realm : undefined)
  return {
    error: shown(error),
    description: shown(errorDescription),
    authorizationUri: shown(authorizationUri),
    resource: shown(resource),
    claims: claims !== undefined,
  }
}

/** FHIR R4, value set issue-type. */
const issueTypes: ReadonlySet<string> = new Set([
  ...['invalid', 'structure', 'required', 'value', 'invariant', 'security', 'login', 'unknown', 'expired', 'forbidden', 'suppressed'],
  ...['processing', 'not-supported', 'duplicate', 'multiple-matches', 'not-found', 'deleted', 'too-long', 'code-invalid', 'extension'],
  ...['too-costly', 'business-rule', 'conflict', 'transient', 'lock-error', 'no-store', 'exception', 'timeout', 'incomplete', 'throttled'],
  'informational',
])

class RefusalBody implements BodyWatch {
  readonly #evidence: RefusalEvidence
  readonly #coding: string
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(evidence: RefusalEvidence, coding: string) {
    this.#evidence = evidence
    this.#coding = coding.toLowerCase()
  }

  see(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes <= lookedAt) this.#chunks.push(chunk)
    return true
  }

  end(): void {
    const evidence = this.#evidence
    if (this.#bytes > lookedAt) evidence.body = 'other'
    else Object.assign(evidence, judgeBody(decode(Buffer.concat(this.#chunks), this.#coding)))
  }
}

function decode(body: Buffer, coding: string): string {
  const bound = { maxOutputLength: 16 * lookedAt }
  try {
    if (coding === 'gzip') return gunzipSync(body, bound).toString()
    if (coding === 'br') return brotliDecompressSync(body, bound).toString()
    return coding === 'deflate' ? inflateSync(body, bound).toString() : body.toString()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return ''
    throw error
  }
}

/** DICOM says it in plain text, FHIR in an OperationOutcome: both with this sentence, and only a missing role has it. */
function judgeBody(text: string): Pick<RefusalEvidence, 'body' | 'issue'> {
  if (text.trim() === 'Authorization failed.') return { body: 'missing-role', issue: undefined }
  const issue = firstIssue(text)
  if (issue?.code === 'forbidden' && issue.diagnostics === 'Authorization failed.') return { body: 'missing-role', issue: 'forbidden' }
  if (issue?.code === 'login') return { body: 'unauthenticated', issue: 'login' }
  return { body: 'other', issue: typeof issue?.code === 'string' && issueTypes.has(issue.code) ? issue.code : undefined }
}

function firstIssue(text: string): { code?: unknown; diagnostics?: unknown } | undefined {
  try {
    const outcome = JSON.parse(text) as { resourceType?: unknown; issue?: { code?: unknown; diagnostics?: unknown }[] } | null
    return outcome?.resourceType === 'OperationOutcome' && Array.isArray(outcome.issue) ? outcome.issue[0] : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
