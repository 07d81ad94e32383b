// From a route as written to the route as used: what its URL says, and every rule that no schema can say.
import type { Profile } from '../terms/profile.ts'
import { type Route, routePrefix } from '../terms/route.ts'
import { type DerivedService, deriveService, isLoopback, type ServiceKind } from '../terms/service-url.ts'
import { complainOfAudience, complainOfScopes, deriveScopes } from './audience.ts'
import { quoted, type Report } from './fault.ts'
import { nearestOf } from './nearest.ts'
import { readAccess, readForwardFields } from './route-rules.ts'
import type { RouteDocument } from './schema.ts'
import type { NoteSource } from './sources.ts'

export type RouteSurroundings = {
  profiles: readonly string[]
  /** The flow of the route's profile. */
  flow: Profile['flow']
  report: Report
  note: NoteSource
}

type At = (key: string, what: string, fix: string, index?: number) => void

/** The route, or undefined when something was reported that leaves none. */
export function resolveRoute(prefix: string, document: RouteDocument, surroundings: RouteSurroundings): Route | undefined {
  const { report, profiles } = surroundings
  const before = { faults: 0 }
  const at: At = (key, what, fix, index) => {
    before.faults++
    report({ path: ['routes', prefix, key, ...(index === undefined ? [] : [index])], what, fix })
  }
  if (!routePrefix.test(prefix)) {
    const fix = 'A prefix is one path segment, such as "/fhir"; "/-" is taken.'
    report({ path: ['routes', prefix], atKey: true, what: `${quoted(prefix)} is no route prefix`, fix })
    return undefined
  }
  if (!profiles.includes(document.profile)) {
    const nearest = nearestOf(document.profile, profiles)
    const fix = nearest ? `Did you mean ${quoted(nearest)}?` : `Profiles: ${profiles.map(quoted).join(', ') || 'none'}.`
    at('profile', `there is no profile ${quoted(document.profile)}`, fix)
  }
  const url = originUrl(document.origin, at)
  const route = url && derive(prefix, document, url, surroundings, at)
  return before.faults > 0 ? undefined : route
}

/** The URL of an origin, when it is one. */
export function parseOrigin(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function originUrl(text: string, at: At): URL | undefined {
  const url = parseOrigin(text)
  const problem = url && problemOfOrigin(url, text)
  if (!url) at('origin', '"origin" is not a URL', 'Copy the service URL from its page in the Azure portal.')
  if (problem)
    at('origin', `"origin" ${problem}`, 'Write the service URL alone, such as https://workspace-fhir.fhir.azurehealthcareapis.com.')
  return problem ? undefined : url
}

function problemOfOrigin(url: URL, text: string): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
    return 'must be https: the token would be readable on the way (plain http only to localhost)'
  if (url.username || url.password) return 'must not hold a user name or password'
  if (/[?#]/.test(text)) return 'must not have a query or fragment'
  if (/%|;|\\|\/\//.test(url.pathname)) return 'has a path that no service has'
  // The URL parser drops tabs, resolves dots and maps letters: what it reads must be what stands there.
  const plain = (href: string) => href.replace(/\/+$/, '').replace(/^https?:\/\/[^/]*/i, host => host.toLowerCase())
  if (plain(url.href) !== plain(text)) return `is not written plainly; it would be read as ${quoted(plain(url.href))}`
  return undefined
}

function derive(prefix: string, document: RouteDocument, url: URL, { flow, note }: RouteSurroundings, at: At): Route | undefined {
  const derived = deriveService(url)
  const kind = document.kind ?? derived?.kind
  if (!kind) {
    at('origin', ...complainOfUnknownKind(url))
    return undefined
  }
  if (derived && kind !== derived.kind)
    at('kind', `"kind" is "${kind}", but the origin is a ${derived.kind} service`, 'Leave "kind" out: the URL tells.')
  const basePath = url.pathname.replace(/\/+$/, '')
  if (derived) complainOfPath(derived, url, basePath, at)
  const audience = document.audience ?? derived?.audience
  if (!audience) {
    at('origin', ...complainOfMissingAudience(derived))
    return undefined
  }
  const wrong = document.audience === undefined ? undefined : complainOfAudience(document.audience, kind, derived)
  if (wrong) at('audience', wrong.what, wrong.fix)
  if (document.kind === undefined) note(['routes', prefix, 'kind'], 'derived from the origin')
  if (document.audience === undefined) note(['routes', prefix, 'audience'], 'derived from the origin')
  const scopes = wrong ? [] : resolveScopes(prefix, document, { flow, kind, audience, derived, note, at })
  const { profile, cache, localise } = document
  const chosen = { ...(cache && { cache }), ...(localise !== undefined && { localise }), ...readRules(document, kind, at) }
  return { prefix, origin: url.origin, basePath, kind, audience, scopes, profile, ...chosen }
}

function readRules({ access, forwardFields }: RouteDocument, kind: ServiceKind, at: At): Pick<Route, 'access' | 'forwardFields'> {
  const rule = access === undefined ? undefined : readAccess(access, kind)
  const more = forwardFields === undefined ? undefined : readForwardFields(forwardFields)
  for (const { index, what, fix } of rule?.complaints ?? []) at('access', what, fix, index)
  for (const { index, what, fix } of more?.complaints ?? []) at('forwardFields', what, fix, index)
  return { ...(rule && { access: rule.access }), ...(more && { forwardFields: more.fields }) }
}

type ScopeSurroundings = {
  flow: Profile['flow']
  kind: ServiceKind
  audience: string
  derived: DerivedService | undefined
  note: NoteSource
  at: At
}

function resolveScopes(prefix: string, document: RouteDocument, { flow, kind, audience, derived, note, at }: ScopeSurroundings): string[] {
  if (document.scopes === undefined) {
    note(['routes', prefix, 'scopes'], 'derived from kind and audience')
    return deriveScopes(flow, kind, audience, derived)
  }
  for (const { index, complaint } of complainOfScopes(document.scopes, flow, kind, audience))
    at('scopes', complaint.what, complaint.fix, index)
  return document.scopes
}

function complainOfUnknownKind({ hostname }: URL): [what: string, fix: string] {
  const what = 'the kind of service cannot be told from "origin"'
  if (!/^[a-z0-9-]+\.azurehealthcareapis\.(com|us)$/.test(hostname)) return [what, 'Add "kind": "fhir" or "dicom".']
  return [
    `${what}: ${hostname} has the form of the retired Azure API for FHIR`,
    'Services of Azure Health Data Services are at ….fhir.azurehealthcareapis.com and ….dicom.azurehealthcareapis.com; else add "kind" and "audience".',
  ]
}

function complainOfMissingAudience(derived: DerivedService | undefined): [what: string, fix: string] {
  if (derived?.cloud === 'us-government')
    return [
      'the audience of DICOM services in the US Government cloud is documented nowhere, so it is not derived',
      'Add "audience": your service’s page in the portal, or whoever runs it, tells it.',
    ]
  return ['the audience cannot be told from "origin"', 'Add "audience": the resource that the service’s tokens are for.']
}

function complainOfPath({ kind }: DerivedService, { origin }: URL, basePath: string, at: At): void {
  if (kind === 'fhir' && basePath !== '')
    at('origin', `a FHIR service has no path, and "origin" has ${quoted(basePath)}`, `Write "${origin}".`)
  if (kind !== 'dicom' || /^\/v\d+(\.\d+)?(-prerelease)?(\/partitions\/[A-Za-z0-9._-]{1,64})?$/.test(basePath)) return
  const version = /^\/v\d+(\.\d+)?(-prerelease)?(?=\/)/.exec(basePath)?.[0]
  if (version) at('origin', '"origin" goes on after the version', `Write "${origin}${version}".`)
  else at('origin', 'a DICOM service needs its version in "origin"', `Write "${origin}/v2".`)
}
