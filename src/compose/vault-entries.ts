// The names under which things lie in the vault's document.
import type { Profile } from '../terms/profile.ts'

/** MSAL's token cache of a profile. Another authority, tenant or client has another: tokens never cross. */
export function cacheEntry({ name, sandbox, authorityHost, tenantId, clientId }: Profile): string {
  return `msal:${sandbox ?? authorityHost}:${tenantId}:${clientId}:${name}`
}

/** The client secrets of a registration, whatever the profile is called. */
export function secretEntry({ tenantId, clientId }: Profile): string {
  return `secret:${tenantId}:${clientId}`
}

/** The certificates of a registration, with their private keys. */
export function certificateEntry({ tenantId, clientId }: Profile): string {
  return `certificate:${tenantId}:${clientId}`
}
