// The hosts of Microsoft's authorization servers, and which cloud each belongs to (National clouds, Microsoft Learn).
import type { Cloud } from './service-url.ts'

/** The host for a cloud in which Azure Health Data Services exists. */
export const authorityHosts: Readonly<Record<Cloud, string>> = {
  public: 'login.microsoftonline.com',
  'us-government': 'login.microsoftonline.us',
}

/** Other names of the same, and the clouds that are only reached when somebody names them. */
const others: Readonly<Record<string, Cloud | 'other'>> = {
  'login.windows.net': 'public',
  'login.microsoft.com': 'public',
  'login.partner.microsoftonline.cn': 'other',
  'login.chinacloudapi.cn': 'other',
  'login.sovcloud-identity.fr': 'other',
  'login.sovcloud-identity.de': 'other',
  'login.sovcloud-identity.sg': 'other',
}

/** Hosts that are another name of the same authorization server, and the name by which it calls itself (its discovery document). */
const aliases: Readonly<Record<string, string>> = {
  'login.windows.net': 'login.microsoftonline.com',
  'login.microsoft.com': 'login.microsoftonline.com',
  'login.chinacloudapi.cn': 'login.partner.microsoftonline.cn',
}

/** The host by which the authorization server calls itself: its endpoints are there, whichever of its names was written. */
export function canonicalAuthority(host: string): string {
  return Object.hasOwn(aliases, host) ? (aliases[host] ?? host) : host
}

/** Every host that is known to be Microsoft's. */
export const knownAuthorityHosts: readonly string[] = [...Object.values(authorityHosts), ...Object.keys(others)]

/** The cloud of a known host; undefined for a host that is not Microsoft's. */
export function cloudOfAuthority(host: string): Cloud | 'other' | undefined {
  if (host === authorityHosts.public) return 'public'
  if (host === authorityHosts['us-government']) return 'us-government'
  return Object.hasOwn(others, host) ? others[host] : undefined
}
