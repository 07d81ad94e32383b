// What `hallpass status` shows, gathered anew each time.
import type { Broker } from '../broker/broker.ts'
import type { Config } from '../config/config.ts'
import type { Journal } from '../journal/journal.ts'
import type { Route } from '../terms/route.ts'
import type { AccessReport, CredentialReport, ExchangeCounts, RouteReport, StatusReport, VaultReport } from './client/wire.ts'

export type StatusParts = {
  current: () => { broker: Broker; config: Config; credentials: { report(profile: string): CredentialReport | null } }
  about: Pick<StatusReport, 'hallpass' | 'pid' | 'startedAt'>
  vault: () => VaultReport
  journal: Journal
  address: () => Pick<StatusReport, 'url' | 'listening'>
  access: () => AccessReport
}

export function createStatusReport({ current, about, vault, journal, address, access }: StatusParts): () => Promise<StatusReport> {
  return async () => {
    const { broker, config, credentials } = current()
    const profiles = await broker.profiles()
    const { url, listening } = address()
    return {
      version: 1,
      ...about,
      url,
      listening,
      config: config.path ?? null,
      vault: vault(),
      access: access(),
      profiles: profiles.map(({ profile, account, signIn, waiting }) => ({
        profile,
        signedIn: account !== undefined,
        username: account?.username ?? null,
        signInLink: signIn?.link ?? null,
        credential: credentials.report(profile),
        waitingRequests: waiting,
      })),
      routes: config.routes.map(route => reportRoute(route, url, broker)),
      waitingRequests: broker.tokens.waiting(),
      exchanges: reportCounts(journal),
    }
  }
}

function reportCounts(journal: Journal): ExchangeCounts {
  const { exchanges, ownAuthorizations, droppedFields } = journal.counts()
  return { total: exchanges, ownAuthorizations, droppedFields: Object.fromEntries(droppedFields) }
}

function reportRoute(route: Route, url: string, broker: Broker): RouteReport {
  const { prefix, kind, origin, basePath, profile } = route
  const { expiresAt, refreshAt, failure, needsPerson, pausedUntil } = broker.tokenState(route)
  return {
    ...{ prefix, kind, profile },
    origin: `${origin}${basePath}`,
    url: `${url}${prefix}`,
    tokenExpiresAt: asTime(expiresAt),
    refreshAt: asTime(refreshAt),
    refreshFailure: failure ? { code: failure.code, summary: failure.summary, remedy: failure.remedy } : null,
    signInNeeded: needsPerson,
    pausedUntil: asTime(pausedUntil),
  }
}

function asTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString()
}
