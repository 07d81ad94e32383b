// From a profile as written to the profile as used: what is missing is filled in, and every rule that no schema can say is held.
import { authorityHosts, cloudOfAuthority, knownAuthorityHosts } from '../terms/authority-host.ts'
import type { Profile } from '../terms/profile.ts'
import { parseRedirectUri, type RedirectUri } from '../terms/redirect-uri.ts'
import { type Cloud, isLoopback } from '../terms/service-url.ts'
import { type AzureEnvironment, azureNames } from './azure-environment.ts'
import type { Fault, Report } from './fault.ts'
import { complainOfClient, complainOfTenant } from './identifiers.ts'
import { editDistance } from './nearest.ts'
import { type ProfileDocument, profileName } from './schema.ts'
import type { NoteSource } from './sources.ts'

const defaultRedirectUri = 'http://localhost/-/callback'
const defaulted = ['flow', 'credential', 'redirectUri', 'responseMode'] as const
const hostName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/

export type ProfileSurroundings = {
  azure: AzureEnvironment
  /** The cloud of the origins that this profile signs in for, when all are in one. */
  cloud: Cloud
  report: Report
  warn: (text: string) => void
  note: NoteSource
}

/** The profile, or undefined when something was reported that leaves none. */
export function resolveProfile(name: string, document: ProfileDocument, surroundings: ProfileSurroundings): Profile | undefined {
  const { report } = surroundings
  const path = ['profiles', name]
  const before = { faults: 0 }
  const at = (key: string, what: string, fix: string, more: Partial<Fault> = {}) => {
    before.faults++
    report({ path: [...path, key], what, fix, ...more })
  }
  if (!profileName.test(name)) {
    report({ path, atKey: true, what: 'this is no name for a profile', fix: 'A name is 1 to 64 letters, digits, ".", "_" or "-".' })
    return undefined
  }
  const ids = resolveIds(path, document, surroundings, at)
  const redirectUri = resolveRedirectUri(document, at)
  const authorityHost = resolveAuthority(path, document, surroundings, at)
  if (document.sandbox !== undefined) refuseUnlessLoopback(document.sandbox, at)
  if (document.loginHint !== undefined && !/^[^\s\p{C}]+$/u.test(document.loginHint))
    at('loginHint', '"loginHint" has spaces or control characters in it', 'Write the account’s user name, such as ada@contoso.example.')
  for (const key of defaulted) if (document[key] === undefined) surroundings.note([...path, key], 'default')
  refuseCombinations(document, at)
  warnOfUnused(name, document, surroundings.warn)
  if (before.faults > 0 || !ids || !redirectUri) return undefined
  const { browser, loginHint, prompt } = document
  return {
    name,
    ...ids,
    flow: document.flow ?? 'authorization-code',
    credential: document.credential ?? 'none',
    redirectUri,
    responseMode: document.responseMode ?? 'form_post',
    authorityHost,
    sandbox: document.sandbox?.replace(/\/+$/, ''),
    ...(browser !== undefined && { browser }),
    ...(loginHint !== undefined && { loginHint }),
    ...(prompt !== undefined && { prompt }),
  }
}

type At = (key: string, what: string, fix: string, more?: Partial<Fault>) => void

function resolveIds(path: string[], document: ProfileDocument, { azure, note }: ProfileSurroundings, at: At) {
  const find = (key: 'tenantId' | 'clientId') => {
    const fromFile = document[key]
    if (fromFile !== undefined) return { value: fromFile, more: {} }
    const value = azure[key]
    if (value === undefined) {
      at(key, `"${key}" is missing in "${path.join('.')}"`, `Add "${key}", or set ${azureNames[key]}.`)
      return undefined
    }
    note([...path, key], azureNames[key])
    return { value, more: { source: azureNames[key] } }
  }
  const tenant = find('tenantId')
  const client = find('clientId')
  const tenantFault = tenant && complainOfTenant(tenant.value)
  if (tenantFault) at('tenantId', tenantFault.what, tenantFault.fix, tenant.more)
  const clientFault = client && complainOfClient(client.value, tenant?.value)
  if (clientFault) at('clientId', clientFault.what, clientFault.fix, client.more)
  return tenant && client && { tenantId: tenant.value, clientId: client.value }
}

function resolveRedirectUri(document: ProfileDocument, at: At): RedirectUri | undefined {
  const redirectUri = parseRedirectUri(document.redirectUri ?? defaultRedirectUri)
  if (typeof redirectUri === 'string') {
    at('redirectUri', `"redirectUri": ${redirectUri}`, 'Write it exactly as it is registered.')
    return undefined
  }
  if (/[^\x21-\x7e]/.test(redirectUri.path)) at('redirectUri', '"redirectUri" has characters in it that no URI has', 'Write it in ASCII.')
  if (/^\/-(\/|$)/.test(redirectUri.path) && !/^\/-\/callback(\/|$)/i.test(redirectUri.path))
    at(
      'redirectUri',
      '"redirectUri" lies under /-/, where hallpass’s own pages are',
      'Register http://localhost/-/callback, or a path outside /-/.',
    )
  return redirectUri
}

function resolveAuthority(path: string[], document: ProfileDocument, { azure, cloud, note, warn }: ProfileSurroundings, at: At): string {
  const derived = authorityHosts[cloud]
  const more = document.authorityHost === undefined ? { source: azureNames.authorityHost } : {}
  const host = document.authorityHost ?? (document.sandbox === undefined ? azure.authorityHost : undefined)
  if (host === undefined) {
    note([...path, 'authorityHost'], cloud === 'public' ? 'default' : 'derived from the origins')
    return derived
  }
  if (document.authorityHost === undefined) note([...path, 'authorityHost'], azureNames.authorityHost)
  const known = cloudOfAuthority(host)
  const near = knownAuthorityHosts.find(name => name !== host && editDistance(name, host.slice(0, 64)) <= 2)
  if (!hostName.test(host))
    at('authorityHost', '"authorityHost" is not a host name', 'Write the host alone, such as login.microsoftonline.com.', more)
  else if (!known && near) at('authorityHost', `"authorityHost" is not Microsoft’s, but nearly`, `Did you mean "${near}"?`, more)
  else if (known && known !== cloud && document.sandbox === undefined)
    warn(`${path.join('.')}.authorityHost is ${host}, but its origins are in the cloud of ${derived}.`)
  return host
}

/** An authority of one's own choice receives authorization codes and refresh tokens: it may only be on this machine. */
function refuseUnlessLoopback(text: string, at: At): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url?.origin === text.replace(/\/$/, '')
  if (url?.protocol !== 'http:' || !isLoopback(url) || !plain)
    at('sandbox', '"sandbox" must be an http URL on localhost, without a path', 'Write the URL that the sandbox printed.')
}

function refuseCombinations({ flow, credential, prompt }: ProfileDocument, at: At): void {
  const proof = credential ?? 'none'
  if (flow === 'client-credentials' && proof === 'none')
    at(
      credential === undefined ? 'flow' : 'credential',
      '"client-credentials" needs a credential: the application signs in as itself',
      'Add "credential": "secret" or "certificate".',
    )
  if (flow === 'device-code' && proof !== 'none')
    at(
      'credential',
      `"device-code" is for public clients, and "credential" is "${proof}"`,
      'Leave "credential" out and allow public client flows in the registration, or use "authorization-code".',
    )
  if (flow === 'client-credentials' && prompt !== undefined)
    at('prompt', '"prompt" has no meaning with "client-credentials": nobody is asked', 'Leave it out.')
}

const unusedWith: Readonly<Record<string, readonly (keyof ProfileDocument)[]>> = {
  'device-code': ['redirectUri', 'responseMode', 'loginHint', 'prompt'],
  'client-credentials': ['redirectUri', 'responseMode', 'loginHint', 'browser'],
}

function warnOfUnused(name: string, document: ProfileDocument, warn: (text: string) => void): void {
  for (const key of unusedWith[document.flow ?? ''] ?? [])
    if (document[key] !== undefined) warn(`profiles.${name}.${key} is not used with "flow": "${document.flow}".`)
}
