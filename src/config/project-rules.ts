// What a project file may not say, whoever trusts it: it is a stranger's code, and it names where a bearer goes.
import { cloudOfAuthority } from '../terms/authority-host.ts'
import { deriveService } from '../terms/service-url.ts'
import { isLoopbackOrigin } from './access.ts'
import type { Fault } from './fault.ts'
import { parseOrigin } from './resolve-route.ts'
import type { ConfigDocument, ProfileDocument, RouteDocument } from './schema.ts'

/** Everything in the document that only the user's own file, at `ownPath`, may say. */
export function findProjectFaults(document: ConfigDocument, ownPath: string): Fault[] {
  const fix = `If you mean it, put it into your own file, ${ownPath}, or name this file with \`--config\`.`
  const access = faultsOfAccess(document).map(([key, what]) => ({ path: ['access', key], what, fix }))
  const complain = (section: string) => (name: string, key: string, what: string) => ({ path: [section, name, key], what, fix })
  const passphrase = {
    path: ['vaultPassphraseFile'],
    what: 'a project file may not choose the passphrase under which tokens are sealed',
    fix,
  }
  return [
    ...(document.vaultPassphraseFile === undefined ? [] : [passphrase]),
    ...Object.entries(document.profiles).flatMap(([name, profile]) =>
      faultsOfProfile(profile).map(([key, what]) => complain('profiles')(name, key, what)),
    ),
    ...Object.entries(document.routes).flatMap(([prefix, route]) =>
      faultsOfRoute(route).map(([key, what]) => complain('routes')(prefix, key, what)),
    ),
    ...access,
    ...(document.caFile
      ? [{ path: ['caFile'], what: 'a project file may not name certificate authorities: they vouch for whoever gets a bearer', fix }]
      : []),
  ]
}

/** A project may let in its own app, on this machine, and ask for more than the user does; it opens nothing else. */
function faultsOfAccess({ access = {} }: ConfigDocument): [key: string, what: string][] {
  const faults: [string, string][] = []
  for (const key of ['allowUids', 'hosts'] as const)
    if (access[key]?.length) faults.push([key, `a project file may not say "${key}": it would let in callers that you do not know`])
  if (access.key === 'off' || access.peerCheck === 'off')
    faults.push([access.key === 'off' ? 'key' : 'peerCheck', 'a project file may not switch off a check'])
  if (access.allowedOrigins?.some(origin => !isLoopbackOrigin(origin)))
    faults.push(['allowedOrigins', 'a project file may let in pages of this machine only'])
  return faults
}

function faultsOfProfile({ sandbox, authorityHost }: ProfileDocument): [key: string, what: string][] {
  const faults: [string, string][] = []
  if (sandbox !== undefined) faults.push(['sandbox', 'a project file may not name a sandbox: it would receive what Entra ID should'])
  if (authorityHost !== undefined && cloudOfAuthority(authorityHost) === undefined)
    faults.push(['authorityHost', 'a project file may not name an authority that is not Microsoft’s'])
  return faults
}

function faultsOfRoute({ origin, audience }: RouteDocument): [key: string, what: string][] {
  const url = parseOrigin(origin)
  const ofAzure = url?.protocol === 'https:' && url.port === '' && /\.azurehealthcareapis\.(com|us)$/.test(url.hostname)
  if (!ofAzure)
    return [['origin', 'a project file may not send tokens to an origin outside azurehealthcareapis.com and azurehealthcareapis.us']]
  if (audience === undefined) return []
  const own = deriveService(url)?.audience ?? url.origin
  return audience === own ? [] : [['audience', 'a project file may not ask for tokens of another audience than the origin’s own']]
}
