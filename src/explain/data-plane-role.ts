// The data-plane role that a request needs, and the command that assigns it (Azure built-in roles; `az role assignment create`).
import type { TokenClaims } from '../terms/evidence.ts'
import type { ServiceKind } from '../terms/service-url.ts'

const byOperation: Readonly<Record<string, string>> = {
  $export: 'FHIR Data Exporter',
  $import: 'FHIR Data Importer',
  '$convert-data': 'FHIR Data Converter',
}

/** The smallest of the service's roles that allows an interaction. */
export function roleFor(kind: ServiceKind, interaction: string, reads: boolean): string {
  if (kind === 'dicom') return reads ? 'DICOM Data Reader' : 'DICOM Data Owner'
  return byOperation[interaction] ?? (reads ? 'FHIR Data Reader' : 'FHIR Data Contributor')
}

export type Principal = { type: 'User' | 'ServicePrincipal'; words: string }

/** Whom the token stands for: scopes are delegated by a person; without them it is the application itself. */
export function principalOf(claims: TokenClaims | undefined): Principal {
  const { oid, appid, scp, idtyp } = claims ?? {}
  if (claims === undefined) return { type: 'User', words: 'Whoever the token is for' }
  return scp !== undefined && idtyp !== 'app'
    ? { type: 'User', words: `The signed-in user (object ID ${oid})` }
    : {
        type: 'ServicePrincipal',
        words: `The service principal of the application ${appid} (object ID ${oid}; not that of the registration)`,
      }
}

type Assignment = { role: string; oid: string; type: Principal['type']; kind: ServiceKind; service: string }

/** One line for a shell. Outside Azure's own hosts the scope is for the reader to fill in. */
export function assignRole({ role, oid, type, kind, service }: Assignment): string {
  return `az role assignment create --assignee-object-id ${oid} --assignee-principal-type ${type} --role "${role}" --scope ${scopeOf(kind, service)}`
}

/** A workspace's name holds no hyphen, so that the first one in the host ends it. */
function scopeOf(kind: ServiceKind, service: string): string {
  const [, workspace, name] =
    /^https:\/\/([a-z0-9]+)-([a-z0-9-]+)\.(?:fhir|dicom)\.azurehealthcareapis\.(?:com|us)(?:\/|$)/.exec(service) ?? []
  if (workspace === undefined || name === undefined) return 'RESOURCE-ID-OF-THE-SERVICE'
  const type = `Microsoft.HealthcareApis/workspaces/${kind}services`
  return `"$(az resource list --resource-type ${type} --query "[?name=='${workspace}/${name}'].id" --output tsv)"`
}
