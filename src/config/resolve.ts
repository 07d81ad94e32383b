// From the document as written to the configuration as used: defaults, derived values, and the rules that no schema can say.
import type { Profile } from '../terms/profile.ts'
import { formatRedirectUri, parseRedirectUri } from '../terms/redirect-uri.ts'
import { type Route, routePrefix } from '../terms/route.ts'
import { delegatedScope } from '../terms/scope.ts'
import { deriveService, isLoopback } from '../terms/service-url.ts'
import type { ConfigDocument, ProfileDocument, RouteDocument } from './schema.ts'
import { type Fault, nearestOf } from './validate.ts'

/** Thrown while resolving: the place in the document and what is wrong there. */
export class ConfigFault extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.what)
    this.fault = fault
  }
}

/** Profiles and routes of a valid document. Throws ConfigFault. */
export function resolveDocument(document: ConfigDocument): { profiles: Map<string, Profile>; routes: Route[] } {
  const profiles = new Map(Object.entries(document.profiles).map(([name, profile]) => [name, resolveProfile(name, profile)]))
  const routes = Object.entries(document.routes).map(([prefix, route]) => resolveRoute(prefix, route, [...profiles.keys()]))
  for (const profile of profiles.values()) refuseCallbackUnderRoute(profile, routes)
  return { profiles, routes }
}

const defaultRedirectUri = 'http://localhost/-/callback'
const tenant = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)$/i
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const hostName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/

function resolveProfile(name: string, document: ProfileDocument): Profile {
  const at = (key: string, what: string, fix: string) => new ConfigFault({ path: ['profiles', name, key], what, fix })
  if (!tenant.test(document.tenantId))
    throw at(
      'tenantId',
      '"tenantId" is neither a GUID nor a domain name',
      'Copy "Directory (tenant) ID" from the registration’s Overview page.',
    )
  if (!guid.test(document.clientId))
    throw at('clientId', '"clientId" is not a GUID', 'Copy "Application (client) ID" from the registration’s Overview page.')
  const redirectUri = parseRedirectUri(document.redirectUri ?? defaultRedirectUri)
  if (typeof redirectUri === 'string') throw at('redirectUri', `"redirectUri": ${redirectUri}`, 'Write it exactly as it is registered.')
  const authorityHost = document.authorityHost ?? 'login.microsoftonline.com'
  if (!hostName.test(authorityHost))
    throw at('authorityHost', '"authorityHost" is not a host name', 'Write the host alone, such as login.microsoftonline.com.')
  if (document.sandbox !== undefined) refuseUnlessLoopback(document.sandbox, at)
  return {
    name,
    tenantId: document.tenantId,
    clientId: document.clientId,
    flow: document.flow ?? 'authorization-code',
    credential: document.credential ?? 'none',
    redirectUri,
    responseMode: document.responseMode ?? 'form_post',
    authorityHost,
    sandbox: document.sandbox?.replace(/\/+$/, ''),
  }
}

/** An authority of one's own choice receives authorization codes and refresh tokens: it may only be on this machine. */
function refuseUnlessLoopback(text: string, at: (key: string, what: string, fix: string) => ConfigFault): void {
  const url = parseUrl(text)
  if (url?.protocol !== 'http:' || !isLoopback(url) || url.pathname !== '/')
    throw at('sandbox', '"sandbox" must be an http URL on localhost, without a path', 'Write the URL that the sandbox printed.')
}

function resolveRoute(prefix: string, document: RouteDocument, profiles: readonly string[]): Route {
  const at = (key: string, what: string, fix: string) => new ConfigFault({ path: ['routes', prefix, key], what, fix })
  if (!routePrefix.test(prefix))
    throw new ConfigFault({
      path: ['routes', prefix],
      atKey: true,
      what: `"${prefix}" is no route prefix`,
      fix: 'A prefix is one path segment, such as "/fhir"; "/-" is taken.',
    })
  if (!profiles.includes(document.profile)) {
    const nearest = nearestOf(document.profile, profiles)
    throw at(
      'profile',
      `there is no profile "${document.profile}"`,
      nearest ? `Did you mean "${nearest}"?` : `Profiles: ${profiles.join(', ') || 'none'}.`,
    )
  }
  const url = parseUrl(document.origin)
  if (!url) throw at('origin', '"origin" is not a URL', 'Copy the service URL from its page in the Azure portal.')
  const problem = problemOfOrigin(url)
  if (problem)
    throw at('origin', `"origin" ${problem}`, 'Write the service URL alone, such as https://workspace-fhir.fhir.azurehealthcareapis.com.')
  return derive(prefix, document, url, at)
}

function problemOfOrigin(url: URL): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
    return 'must be https: the token would be readable on the way (plain http only to localhost)'
  if (url.username || url.password) return 'must not hold a user name or password'
  if (url.search || url.hash) return 'must not have a query or fragment'
  if (/%|;|\\|\/\//.test(url.pathname)) return 'has a path that no service has'
  return undefined
}

function derive(prefix: string, document: RouteDocument, url: URL, at: (key: string, what: string, fix: string) => ConfigFault): Route {
  const derived = deriveService(url)
  const kind = document.kind ?? derived?.kind
  if (!kind) throw at('origin', 'the kind of service cannot be told from "origin"', 'Add "kind": "fhir" or "dicom".')
  const audience = document.audience ?? derived?.audience
  if (!audience)
    throw at('origin', 'the audience cannot be told from "origin"', 'Add "audience": the resource that the service’s tokens are for.')
  const basePath = url.pathname.replace(/\/+$/, '')
  if (derived?.kind === 'dicom' && !/^\/v\d/.test(basePath))
    throw at('origin', 'a DICOM service needs its version in "origin"', `Write "${url.origin}/v2".`)
  const ownResource =
    document.audience !== undefined && document.audience.replace(/\/+$/, '') !== derived?.audience && derived !== undefined
  return {
    prefix,
    origin: url.origin,
    basePath,
    kind,
    audience,
    scopes: document.scopes ?? [delegatedScope(kind, audience, ownResource)],
    profile: document.profile,
  }
}

function refuseCallbackUnderRoute(profile: Profile, routes: readonly Route[]): void {
  const { path } = profile.redirectUri
  const route = routes.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
  if (!route) return
  throw new ConfigFault({
    path: ['profiles', profile.name, 'redirectUri'],
    what: `the redirect URI ${formatRedirectUri(profile.redirectUri, 0).replace(':0', '')} lies under the route ${route.prefix}`,
    fix: 'Register another path, or give the route another prefix.',
  })
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
