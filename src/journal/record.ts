// One exchange as the journal keeps it. The type is the allow-list: no field has room for an id, a search value or a token.
import type { RefusalEvidence } from '../terms/evidence.ts'

export type ExchangeRecord = {
  /** Such as `k3x9-1f`; the first half changes with each start of the daemon. */
  id: string
  /** When the request came: milliseconds since the epoch. */
  time: number
  /** The route's prefix; empty when there was none. */
  route: string
  kind: string
  profile: string
  method: string
  /** What it did, in the service's terms: `search`, `delete-study`, `$everything`. */
  interaction: string
  /** The path below the route, with places in braces: `/Patient/{id}`. */
  template: string
  /** Of the answer that the client got; 0 when it left before. */
  status: number
  /** Who answered: the service, hallpass, or nobody because the client left. */
  by: 'service' | 'hallpass' | 'nobody'
  /** Code of our error with its two sentences; empty when there was none. */
  error: string
  summary: string
  remedy: string
  /** Bytes of the bodies: from the client, and to it. */
  bytesIn: number
  bytesOut: number
  /** Milliseconds: waiting for a token (a refresh or a person), until the service's answer began, and in all. */
  waitingMs: number
  originMs: number
  totalMs: number
  /** How often the request went to the service: 2 after a 401 that a new token mended. */
  sent: number
  /** Request fields that were not forwarded. */
  droppedFields: number
  /** The client sent an Authorization of its own, which ours replaced. */
  ownAuthorization: boolean
  /** URLs of this machine at ports that are not ours, in what was sent: they passed, and are stored as they are. */
  otherLoopbackUrls: number
  /** For the service's 401 and 403. */
  evidence: RefusalEvidence | undefined
}

export function emptyRecord(): ExchangeRecord {
  return {
    id: '',
    time: 0,
    route: '',
    kind: '',
    profile: '',
    method: '',
    interaction: '',
    template: '',
    status: 0,
    by: 'nobody',
    error: '',
    summary: '',
    remedy: '',
    bytesIn: 0,
    bytesOut: 0,
    waitingMs: 0,
    originMs: 0,
    totalMs: 0,
    sent: 0,
    droppedFields: 0,
    ownAuthorization: false,
    otherLoopbackUrls: 0,
    evidence: undefined,
  }
}
