// Explains one exchange of the journal: who answered, why, and what to do.
import { principalOf } from '../explain/data-plane-role.ts'
import { expectedAudience, expectedTenant, explainRefusal, type Why } from '../explain/service-refusal.ts'
import type { ExchangeRecord } from '../journal/record.ts'
import type { Route } from '../terms/route.ts'
import type { ExchangeReport } from './client/wire.ts'

export function reportExchange(record: ExchangeRecord, routes: readonly Route[]): ExchangeReport {
  const { id, time, method, route, template, status, by, evidence } = record
  const why = whyOf(record, routes)
  return {
    version: 1,
    ...{ id, method, path: `${route}${template}`, status, by },
    time: new Date(time).toISOString(),
    summary: why.summary,
    cause: why.cause,
    remedy: why.remedy,
    command: why.command ?? null,
    facts: evidence ? factsOf(record, routes) : [],
  }
}

function whyOf(record: ExchangeRecord, routes: readonly Route[]): Why {
  const { by, status, summary, remedy, evidence } = record
  if (by === 'hallpass') return { summary, cause: `hallpass itself refused it (${status} ${record.error}).`, remedy }
  if (by === 'nobody')
    return { summary: 'The client left before there was an answer.', cause: 'It closed its connection.', remedy: 'Nothing.' }
  if (evidence) return explainRefusal({ ...record, ...serviceOf(record, routes), evidence, interaction: record.interaction })
  if (summary !== '') return { summary, cause: 'The answer had begun, so that the connection was cut.', remedy }
  return { summary: `The service answered ${status}.`, cause: 'hallpass passed its answer on.', remedy: 'Read its body and fields.' }
}

function serviceOf({ route, kind }: ExchangeRecord, routes: readonly Route[]) {
  const found = routes.find(({ prefix }) => prefix === route)
  return {
    prefix: route,
    kind: kind === 'dicom' ? ('dicom' as const) : ('fhir' as const),
    service: found ? `${found.origin}${found.basePath}` : route,
  }
}

/** What is compared, in the order of its weight. Claims of the token, never the token. */
function factsOf({ evidence, profile, time }: ExchangeRecord, routes: readonly Route[]): [string, string][] {
  if (!evidence) return []
  const { claims, challenge, audience, issue, replayed } = evidence
  const { exp, scp, roles, appid } = claims ?? {}
  const facts: [string, string | undefined][] = [
    ['audience asked for by hallpass', audience],
    ['audience of the token (aud)', claims?.aud ?? '(the token is no JWT)'],
    ['audience that the service asks for', expectedAudience(evidence)],
    ['tenant of the token (tid)', claims?.tid],
    ['tenant that the service asks for', expectedTenant(evidence)],
    ['principal (oid)', claims && principalOf(claims).words],
    ['application (appid)', appid],
    ['scopes (scp)', scp],
    ['application roles (roles)', roles?.join(', ')],
    [
      'expires (exp)',
      exp === undefined ? undefined : `${new Date(exp * 1000).toISOString()}, ${exp * 1000 > time ? 'after' : 'before'} the request`,
    ],
    ['what the service says', [challenge?.error, challenge?.description].filter(Boolean).join(': ')],
    ['issue of its OperationOutcome', issue],
    ['sent again with a new token', replayed ? 'yes' : undefined],
    ['profile', routes.length > 1 ? profile : undefined],
  ]
  return facts.filter((fact): fact is [string, string] => Boolean(fact[1]))
}
