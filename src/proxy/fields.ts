// Chooses the fields of a request that go to the origin, and injects the bearer after everything else.
import type { Bearer } from '../terms/bearer.ts'
import { connectionFields, withoutNamed } from './connection-fields.ts'
import { rememberingSpellings } from './field-names.ts'

/** What did not pass, for the journal; counts are added to. */
export type FieldTally = {
  /** Fields that were meant for the service and that it does not get. */
  dropped: number
  /** The client sent an Authorization of its own. */
  ownAuthorization: boolean
  /** URLs of this machine that are not ours, in what was sent: they pass. */
  otherLoopbackUrls: number
  /** Gets the name, in small letters, of each field that is dropped. */
  note?: (name: string) => void
}

/**
 * Request fields of HTTP, FHIR and Azure Health Data Services that mean something to the service (HTTP in the FHIR R4 specification;
 * KnownHeaders of Microsoft's FHIR server; Update DICOM files, Microsoft Learn). Cookies, forwarding fields and what browsers say about
 * their page are not among them.
 */
const passing: ReadonlySet<string> = new Set([
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language'],
  ...['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location', 'content-disposition'],
  ...['content-range', 'content-md5', 'content-digest', 'repr-digest', 'digest'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'if-none-exist'],
  ...['prefer', 'range', 'cache-control', 'user-agent'],
  ...['x-request-id', 'x-correlation-id', 'traceparent', 'tracestate'],
  ...['x-provenance', 'x-bundle-processing-logic', 'x-conditionalquery-processing-logic', 'x-ms-fhiruser'],
  ...['x-ms-profile-validation', 'x-ms-use-partial-indices', 'x-ms-query-latency-over-efficiency', 'x-ms-query-cache'],
  'msdicom-request-original',
])

/** Custom audit fields: the client chooses how the name ends (Add data to audit logs by using custom HTTP headers, Microsoft Learn). */
const auditField = /^x-ms-azurefhir-audit-[a-z0-9-]+$/

/** True for a field, by its name in small letters, that goes on to the service. */
export function isForwarded(name: string): boolean {
  return passing.has(name) || auditField.test(name)
}

const drop = ''
/** Dropped as HTTP has it: for this hop only, or made anew for the next. */
const dropForHop = ' '

const canonicalName = rememberingSpellings(name => {
  if (name === 'connection' || name === 'authorization') return name
  // 100-continue is between the client and us; the HTTP client below sets Host and the framing.
  if (connectionFields.has(name) || name === 'host' || name === 'expect') return dropForHop
  return isForwarded(name) ? name : drop
})

/**
 * The fields for the origin, as a flat list of names and values: those on the allow-list but for the ones that Connection names, then
 * `authorization` with the bearer, so that nothing the client sends can remove, replace or double it. Repeated fields stay repeated.
 * `more` are names, in small letters, of fields that pass beside the known ones.
 */
export function chooseFields(rawHeaders: readonly string[], bearer?: Bearer, tally?: FieldTally, more?: ReadonlySet<string>): string[] {
  let chosen: string[] = []
  let connection: string | undefined
  let dropped = 0
  let ownAuthorization = false
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = canonicalName(rawHeaders[index] as string)
    const value = rawHeaders[index + 1] as string
    if (name === drop) {
      const spelled = more || tally?.note ? (rawHeaders[index] as string).toLowerCase() : ''
      if (more?.has(spelled)) chosen.push(spelled, value)
      else {
        dropped++
        tally?.note?.(spelled)
      }
    } else if (name === dropForHop) continue
    else if (name === 'authorization') ownAuthorization = true
    else if (name === 'connection') connection = connection === undefined ? value : `${connection},${value}`
    else if (name !== 'content-length' || /^\d{1,15}$/.test(value)) chosen.push(name, value)
  }
  chosen = withoutNamed(chosen, connection)
  if (bearer) chosen.push('authorization', `Bearer ${bearer.reveal()}`)
  if (tally) {
    tally.dropped += dropped
    tally.ownAuthorization ||= ownAuthorization
  }
  return chosen
}
