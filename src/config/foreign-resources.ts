// Tells the resources of Microsoft's other services, whose tokens have no business at a health data service.

/**
 * Where the resources of Microsoft's other services are: Azure Resource Manager, Graph, Key Vault, Storage, SQL, Log Analytics and their like, in
 * every cloud. A token for one of them opens far more than health data to whoever is at the origin.
 */
const foreignDomains = [
  ...[
    'azure.com',
    'azure.net',
    'azure.us',
    'azure.cn',
    'windows.net',
    'usgovcloudapi.net',
    'chinacloudapi.cn',
    'cloudapi.de',
    'microsoftazure.de',
  ],
  ...['microsoft.com', 'microsoft.us', 'microsoftonline.com', 'microsoftonline.us', 'partner.microsoftonline.cn'],
  ...['office.com', 'office.net', 'office365.com', 'office365.us', 'outlook.com', 'sharepoint.com', 'sharepoint.us', 'dynamics.com'],
  ...['loganalytics.io', 'loganalytics.us', 'applicationinsights.io', 'applicationinsights.us', 'azuresynapse.net', 'azuredatabricks.net'],
  ...['visualstudio.com', 'azconfig.io', 'azurecr.io'],
]
/** Below those, but health data services and machines of customers. */
const ownDomains = [
  ...['healthcareapis.azure.com', 'healthcareapis.azure.us', 'healthcareapis.azure.cn'],
  ...['cloudapp.azure.com', 'cloudapp.usgovcloudapi.net', 'cloudapp.chinacloudapi.cn'],
]
/** The same services by their application IDs, which are alike in every tenant (Verify first-party Microsoft applications, Microsoft Learn). */
const foreignApplications: ReadonlySet<string> = new Set([
  ...['00000003-0000-0000-c000-000000000000', '00000002-0000-0000-c000-000000000000', '797f4846-ba00-4fd7-ba43-dac1f8f63013'],
  ...['cfa8b339-82a2-471a-a3c9-0fc0be7a4093', 'e406a681-f3d4-42a8-90b6-c2b029497af1', '022907d3-0f1b-48f7-badc-1ba6abab6d66'],
  ...['ca7f3f0b-7d91-482c-8e09-c5d840d0eac5', '00000002-0000-0ff1-ce00-000000000000', '00000003-0000-0ff1-ce00-000000000000'],
  ...['499b84ac-1321-427f-aa17-267ca6975798', '00000009-0000-0000-c000-000000000000', '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d'],
])

/** True for a resource of Microsoft's that has nothing to do with health data: a URL, or an application ID in small letters without `api://`. */
export function isForeignResource(audience: string): boolean {
  if (foreignApplications.has(audience)) return true
  if (!/^https?:/.test(audience) || !URL.canParse(audience)) return false
  const host = new URL(audience).hostname.replace(/\.$/, '')
  const isBelow = (domain: string) => host === domain || host.endsWith(`.${domain}`)
  return foreignDomains.some(isBelow) && !ownDomains.some(isBelow)
}
