// `hallpass status`: what runs, who is signed in, where tokens rest.
import type { AccessReport, CredentialReport, ExchangeCounts, ProfileReport, RouteReport, StatusReport } from '../control/client/wire.ts'
import { printable } from '../terms/printable.ts'
import { connect } from './connect.ts'
import { type Command, exitCodes } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'

export const runStatus: Command = async (io, args) => {
  const format = outputFormat(args, 'status')
  const report = await (await connect(io, args)).status()
  io.out(format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : describe(report, io.columns))
  return exitCodes.ok
}

function describe(
  { hallpass, url, pid, config, listening, vault, access, profiles, routes, waitingRequests, exchanges }: StatusReport,
  columns: number | undefined,
): string {
  const rows: [string, string][] = [
    ['address', `${url} (${listening.join(' and ')}; process ${pid})`],
    ['configuration', config ?? 'built in, for the sandbox'],
    ['tokens rest in', vault.warning ? `${vault.description}: ${vault.warning}` : vault.description],
    ...profiles.flatMap(profile => rowsOfProfile(profile)),
    ...routes.map((route): [string, string] => [route.prefix, describeRoute(route)]),
    ...describeAccess(access),
    ...describeCounts(exchanges),
    ...(waitingRequests
      ? [['waiting', `${waitingRequests} ${waitingRequests === 1 ? 'request' : 'requests'} for a sign-in`] as [string, string]]
      : []),
  ]
  return `hallpass ${hallpass} is running\n\n${lines(rows, columns)}`
}

function rowsOfProfile(profile: ProfileReport): [string, string][] {
  const credential = profile.credential ? describeCredential(profile.credential) : []
  return [[profile.profile, describeProfile(profile)], ...credential.map((line): [string, string] => ['', line])]
}

function describeCredential({ kind, expiresAt, assumed, previous, warning }: CredentialReport): string[] {
  const until = expiresAt === null ? ', nobody said until when' : ` until ${expiresAt.slice(0, 10)}${assumed ? ' (assumed)' : ''}`
  const serves = previous ? [`the newest ${kind} is not taken by Entra ID yet; the one before it serves`] : []
  return [...serves, warning ?? `${kind}${until}`]
}

function describeAccess({ peerCheck, key, allowedOrigins, hosts, risks }: AccessReport): [string, string][] {
  return [
    ['peer check', `${peerCheck.state}: ${peerCheck.why}`],
    ['key', key.file === null ? 'none is needed' : `needed: curl -H @${key.file}`],
    ...(allowedOrigins.length ? [['pages of', allowedOrigins.join(', ')] as [string, string]] : []),
    ...(hosts.length ? [['also called', hosts.join(', ')] as [string, string]] : []),
    ...risks.map((risk): [string, string] => ['remains open', risk]),
  ]
}

function describeCounts({ total, ownAuthorizations, droppedFields }: ExchangeCounts): [string, string][] {
  const names = Object.entries(droppedFields).sort(([, a], [, b]) => b - a)
  const shown = names.slice(0, 8).map(([name, count]) => `${name} ${count}×`)
  const rest = names.length > shown.length ? `, and ${names.length - shown.length} more` : ''
  return [
    ['exchanges', String(total)],
    ...(ownAuthorizations
      ? [['own tokens', `${ownAuthorizations} requests came with an Authorization, which ours replaced`] as [string, string]]
      : []),
    ...(names.length ? [['not forwarded', `${shown.join(', ')}${rest} (see "forwardFields")`] as [string, string]] : []),
  ]
}

function describeProfile({ signedIn, username, signInLink, waitingRequests }: ProfileReport): string {
  const waiting = waitingRequests ? ` (${waitingRequests} ${waitingRequests === 1 ? 'request waits' : 'requests wait'})` : ''
  if (signInLink) return `waits for you${waiting}: ${signInLink}`
  return signedIn ? `signed in as ${printable(username ?? '')}` : 'nobody is signed in'
}

function describeRoute(route: RouteReport): string {
  return `${route.origin} as ${route.profile}, ${describeToken(route)}`
}

function describeToken({ tokenExpiresAt, refreshAt, refreshFailure, signInNeeded, pausedUntil }: RouteReport): string {
  const time = (text: string) => new Date(text).toLocaleTimeString()
  const token = tokenExpiresAt ? `token until ${time(tokenExpiresAt)}` : 'no token yet'
  if (signInNeeded && tokenExpiresAt) return `${token}; then somebody has to sign in: \`hallpass login\``
  if (!refreshFailure) return refreshAt ? `${token}, renewed at ${time(refreshAt)}` : token
  const again = pausedUntil ? `, tried again at ${time(pausedUntil)}` : ''
  return `${token}. The renewal failed${again}: ${refreshFailure.summary} → ${refreshFailure.remedy}`
}
