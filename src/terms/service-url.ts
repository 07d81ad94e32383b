// What the URL of an Azure Health Data Services service says about it.

export type ServiceKind = 'fhir' | 'dicom'
export type Cloud = 'public' | 'us-government'

/** What is known of a service from its URL alone; `audience` is missing where no documentation names one. */
export type DerivedService = { kind: ServiceKind; cloud: Cloud; audience?: string }

/** The one audience of every DICOM service in the public cloud (Get an access token for the DICOM service, Microsoft Learn). */
export const dicomAudience = 'https://dicom.healthcareapis.azure.com'

const suffixes: readonly { suffix: string; kind: ServiceKind; cloud: Cloud }[] = [
  { suffix: '.fhir.azurehealthcareapis.com', kind: 'fhir', cloud: 'public' },
  { suffix: '.dicom.azurehealthcareapis.com', kind: 'dicom', cloud: 'public' },
  { suffix: '.fhir.azurehealthcareapis.us', kind: 'fhir', cloud: 'us-government' },
  { suffix: '.dicom.azurehealthcareapis.us', kind: 'dicom', cloud: 'us-government' },
]

/** Kind, cloud and audience of an Azure Health Data Services URL, or undefined for any other host. */
export function deriveService(url: URL): DerivedService | undefined {
  const match = suffixes.find(({ suffix }) => url.hostname.endsWith(suffix) && url.hostname.length > suffix.length)
  if (!match) return undefined
  const { kind, cloud } = match
  if (kind === 'fhir') return { kind, cloud, audience: `https://${url.hostname}` }
  return cloud === 'public' ? { kind, cloud, audience: dicomAudience } : { kind, cloud }
}

/** True for the hosts to which plain http is safe: traffic that never leaves the machine. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '127.0.0.1' || url.hostname === '[::1]'
}
