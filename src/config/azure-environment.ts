// What the Azure SDKs' environment variables say, which fills what a profile leaves out.
import type { Environment } from './settings.ts'

/** The values that are set; names are those of the Azure Identity libraries (README of @azure/identity). */
export type AzureEnvironment = { tenantId?: string; clientId?: string; authorityHost?: string }

export const azureNames = { tenantId: 'AZURE_TENANT_ID', clientId: 'AZURE_CLIENT_ID', authorityHost: 'AZURE_AUTHORITY_HOST' } as const

/** Reads the variables; an empty one counts as not set. The secret among them is nothing that a configuration holds. */
export function azureEnvironment(env: Environment): AzureEnvironment {
  const tenantId = env[azureNames.tenantId]
  const clientId = env[azureNames.clientId]
  const authorityHost = env[azureNames.authorityHost]
  return {
    ...(tenantId && { tenantId }),
    ...(clientId && { clientId }),
    ...(authorityHost && { authorityHost: hostOf(authorityHost) }),
  }
}

/** The SDKs write a URL there, such as `https://login.microsoftonline.us/`; the host is what it says. */
function hostOf(text: string): string {
  return /^https:\/\/([^/]+)\/?$/i.exec(text)?.[1]?.toLowerCase() ?? text
}
