// Tenant and client IDs as people copy them from the portal, and what goes wrong on the way.
import type { Complaint } from './audience.ts'

export const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const domain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/i

/** Names that stand for any tenant; a service takes tokens of its own tenant only. */
const anyTenant = ['common', 'organizations', 'consumers']

/** What is wrong with a tenant ID. */
export function complainOfTenant(text: string): Complaint | undefined {
  if (guid.test(text) || (domain.test(text) && text.length <= 253)) return undefined
  if (anyTenant.includes(text.toLowerCase()))
    return {
      what: `"tenantId" is "${text.toLowerCase()}", which names no tenant; a service takes tokens of its own tenant only`,
      fix: 'Copy "Directory (tenant) ID" from the registration’s Overview page.',
    }
  return (
    complainOfWrapping('tenantId', text) ?? {
      what: '"tenantId" is neither a GUID nor a domain name',
      fix: 'Copy "Directory (tenant) ID" from the registration’s Overview page.',
    }
  )
}

/** What is wrong with a client ID. */
export function complainOfClient(text: string, tenantId: string | undefined): Complaint | undefined {
  const fix = 'Copy "Application (client) ID" from the registration’s Overview page.'
  if (guid.test(text))
    return text.toLowerCase() === tenantId?.toLowerCase() ? { what: '"clientId" is the same as "tenantId"', fix } : undefined
  return complainOfWrapping('clientId', text) ?? { what: '"clientId" is not a GUID', fix }
}

/** A GUID with something around it. */
function complainOfWrapping(key: string, text: string): Complaint | undefined {
  const bare = text.replace(/^[\s{("'“‘]+|[\s})"'”’]+$/g, '')
  if (bare === text || !guid.test(bare)) return undefined
  const around = /[{}]/.test(text) ? 'braces' : /[()]/.test(text) ? 'parentheses' : /["'“”‘’]/.test(text) ? 'quotes' : 'spaces'
  return { what: `"${key}" has ${around} around it`, fix: `Write "${bare}".` }
}
