// From the document as written to the configuration as used: defaults, derived values, and the rules that hold between its parts.
import type { Profile } from '../terms/profile.ts'
import { formatRedirectUri } from '../terms/redirect-uri.ts'
import { type Route, routePrefix } from '../terms/route.ts'
import { type Cloud, deriveService } from '../terms/service-url.ts'
import { complainOfAccess } from './access.ts'
import type { AzureEnvironment } from './azure-environment.ts'
import { type Fault, quoted } from './fault.ts'
import { resolveProfile } from './resolve-profile.ts'
import { parseOrigin, resolveRoute } from './resolve-route.ts'
import { readForwardFields } from './route-rules.ts'
import type { ConfigDocument } from './schema.ts'
import type { NoteSource } from './sources.ts'

export type Resolved = {
  profiles: Map<string, Profile>
  routes: Route[]
  /** Whatever is wrong; the rest is complete only when this is empty. */
  faults: Fault[]
  /** What is allowed, but probably not meant. */
  warnings: string[]
}

/** Profiles and routes of a document that has the right shape. */
export function resolveDocument(document: ConfigDocument, azure: AzureEnvironment, note: NoteSource): Resolved {
  const faults: Fault[] = []
  const warnings: string[] = []
  const report = (fault: Fault) => void faults.push(fault)
  const warn = (text: string) => void warnings.push(text)
  const profiles = new Map<string, Profile>()
  for (const [name, profile] of Object.entries(document.profiles)) {
    const cloud = cloudOf(name, document, report)
    const resolved = resolveProfile(name, profile, { azure, cloud, report, warn, note })
    if (resolved) profiles.set(name, resolved)
  }
  const names = Object.keys(document.profiles)
  const routes = Object.entries(document.routes).flatMap(([prefix, route]) => {
    const flow = Object.hasOwn(document.profiles, route.profile) ? document.profiles[route.profile]?.flow : undefined
    return resolveRoute(prefix, route, { profiles: names, flow: flow ?? 'authorization-code', report, note }) ?? []
  })
  for (const { index, what, fix } of readForwardFields(document.forwardFields ?? []).complaints)
    report({ path: ['forwardFields', index ?? 0], what, fix })
  refusePrefixesAlike(document, report)
  for (const profile of profiles.values()) if (profile.flow === 'authorization-code') refuseCallbackUnderRoute(profile, document, report)
  warnOfUnused(document, warn)
  complainOfAccessGroup(document, report)
  return { profiles, routes, faults, warnings }
}

/** The cloud of a profile's origins. One profile signs in at one authority: origins in two clouds need two. */
function cloudOf(name: string, { routes }: ConfigDocument, report: (fault: Fault) => void): Cloud {
  const used = Object.entries(routes).flatMap(([prefix, { origin, profile }]) => {
    const url = profile === name ? parseOrigin(origin) : undefined
    const cloud = url && deriveService(url)?.cloud
    return cloud ? [{ prefix, cloud }] : []
  })
  const [first] = used
  const other = used.find(({ cloud }) => cloud !== first?.cloud)
  if (first && other)
    report({
      path: ['routes', other.prefix, 'profile'],
      what: `${quoted(name)} serves ${first.prefix} in one cloud and ${other.prefix} in another, and signs in at one authority`,
      fix: 'Make a profile for each cloud.',
    })
  return first?.cloud ?? 'public'
}

/** `/FHIR` and `/fhir` would be two services, and nobody would see which one answered. */
function refusePrefixesAlike({ routes }: ConfigDocument, report: (fault: Fault) => void): void {
  const seen = new Map<string, string>()
  for (const prefix of Object.keys(routes)) {
    const twin = seen.get(prefix.toLowerCase())
    if (twin === undefined) seen.set(prefix.toLowerCase(), prefix)
    else
      report({
        path: ['routes', prefix],
        atKey: true,
        what: `the prefixes ${quoted(twin)} and ${quoted(prefix)} differ in capitals only`,
        fix: 'Rename one of them.',
      })
  }
}

function refuseCallbackUnderRoute({ name, redirectUri }: Profile, { routes }: ConfigDocument, report: (fault: Fault) => void): void {
  const { path } = redirectUri
  const prefix = Object.keys(routes).find(prefix => routePrefix.test(prefix) && (path === prefix || path.startsWith(`${prefix}/`)))
  if (prefix === undefined) return
  report({
    path: ['profiles', name, 'redirectUri'],
    what: `the redirect URI ${formatRedirectUri(redirectUri, 0).replace(':0/', '/')} lies under the route ${prefix}`,
    fix: 'Register another path, or give the route another prefix.',
  })
}

function complainOfAccessGroup({ access = {} }: ConfigDocument, report: (fault: Fault) => void): void {
  for (const [key, value] of Object.entries(access))
    for (const { index, what, fix } of complainOfAccess(`access.${key}`, value)) report({ path: ['access', key, index], what, fix })
}

function warnOfUnused({ profiles, routes }: ConfigDocument, warn: (text: string) => void): void {
  const used = new Set(Object.values(routes).map(({ profile }) => profile))
  for (const name of Object.keys(profiles)) if (!used.has(name)) warn(`No route uses the profile ${quoted(name)}.`)
  if (Object.keys(routes).length === 0) warn('There are no routes: nothing will be forwarded.')
}
