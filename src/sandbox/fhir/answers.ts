// The answers that interactions on one resource share: the resource with its version, or what was preferred instead.
import type { Resource } from '@medplum/fhirtypes'
import type { FhirAnswer } from './exchange.ts'
import type { Preferences } from './prefer.ts'

/** The resource with ETag and Last-Modified; with Location too when a base is given. */
export function withVersion(status: number, resource: Resource, base?: string): FhirAnswer & { fields: Record<string, string> } {
  const { resourceType, id, meta } = resource
  const fields: Record<string, string> = {}
  if (meta?.versionId) fields.etag = `W/"${meta.versionId}"`
  if (meta?.lastUpdated) fields['last-modified'] = new Date(meta.lastUpdated).toUTCString()
  if (base !== undefined) fields.location = `${base}/${resourceType}/${id}/_history/${meta?.versionId}`
  return { status, resource, fields }
}

/** What the client preferred to the resource: nothing, or a sentence. */
export function asPreferred(answer: FhirAnswer, preferences: Preferences, text: string): FhirAnswer {
  const { resource: _, ...rest } = answer
  if (preferences.return === 'minimal') return rest
  if (preferences.return !== 'operationoutcome') return answer
  const issue = [{ severity: 'information', code: 'informational', diagnostics: text, details: { text } }]
  return { ...rest, resource: { resourceType: 'OperationOutcome', issue } }
}
