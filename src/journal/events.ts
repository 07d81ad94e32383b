// What the daemon tells about itself while it runs. The fields of each event are the allow-list: nothing of a request's content has a place here.

import type { ErrorCode } from '../errors/table.ts'
import { deviceWarning } from '../terms/device-code.ts'
import { printable } from '../terms/printable.ts'
import type { ExchangeRecord } from './record.ts'

export type Event =
  | { event: 'sign-in-started'; profile: string; link: string; opened: boolean; userCode?: string; verificationUri?: string }
  | { event: 'browser-failed'; profile: string; link: string }
  | { event: 'signed-in'; profile: string }
  | { event: 'signed-out'; profile: string }
  | { event: 'sign-in-failed'; profile: string; code: ErrorCode; summary: string; remedy: string }
  | { event: 'refresh-failed'; profile: string; audience: string; code: ErrorCode; summary: string; remedy: string }
  | { event: 'grant-ended'; profile: string; audience: string; code: ErrorCode; summary: string; remedy: string }
  | {
      event: 'credential-expiring'
      profile: string
      credential: 'secret' | 'certificate'
      code: ErrorCode
      summary: string
      remedy: string
    }
  | { event: 'credential-trouble'; code: ErrorCode; summary: string; remedy: string }
  | { event: 'credential-fallback'; profile: string; code: ErrorCode; summary: string; remedy: string }
  | { event: 'credential-accepted'; profile: string; credential: 'secret' | 'certificate' }
  | { event: 'vault-trouble'; code: ErrorCode; summary: string; remedy: string }
  | { event: 'config-changed'; changes: readonly string[]; afterRestart: readonly string[] }
  | { event: 'config-refused'; code: ErrorCode; summary: string; remedy: string }
  | { event: 'request-refused'; code: ErrorCode; status: number; method: string; route: string }
  | { event: 'request-failed'; code: ErrorCode; status: number; method: string; route: string }
  | { event: 'connections-refused'; code: ErrorCode; summary: string; remedy: string; count: number }
  | { event: 'exchange'; record: ExchangeRecord }
  | { event: 'log-trouble'; code: ErrorCode; summary: string; remedy: string }

/** Takes an event; never throws. */
export type Tell = (event: Event) => void

/** One line for a terminal, without its line break. */
export function describeEvent(event: Event): string {
  switch (event.event) {
    case 'sign-in-started':
      return describeSignIn(event)
    case 'browser-failed':
      return `The browser could not be started. Sign in for ${event.profile}: open ${event.link}`
    case 'signed-in':
      return `Signed in: ${event.profile}`
    case 'signed-out':
      return `Signed out: ${event.profile}`
    case 'credential-accepted':
      return `Entra ID takes the new ${event.credential} of ${event.profile} now; the one before it can go`
    case 'config-changed':
      return describeChange(event.changes, event.afterRestart)
    case 'config-refused':
      return `The configuration on disk is not taken over: ${event.summary}\n  → ${event.remedy}`
    case 'request-refused':
    case 'request-failed':
      return `${event.method} ${event.route || '(no route)'} ${event.status} ${event.code}`
    case 'connections-refused':
      return `${event.summary}${event.count > 1 ? ` (${event.count} connections)` : ''}\n  → ${event.remedy}`
    case 'exchange':
      return describeExchange(event.record)
    default:
      return `${event.summary}\n  → ${event.remedy}`
  }
}

function describeSignIn({ profile, link, opened, userCode, verificationUri }: Extract<Event, { event: 'sign-in-started' }>): string {
  if (userCode !== undefined)
    return `Sign-in for ${profile}: open ${printable(verificationUri ?? '')} and type ${printable(userCode)}. ${deviceWarning}`
  return opened ? `Sign-in for ${profile}: see your browser, or open ${link}` : `Sign-in for ${profile}: open ${link}`
}

function describeExchange({ method, route, template, status, totalMs, error }: ExchangeRecord): string {
  return `${method} ${route}${template} ${status} ${totalMs} ms ${error}`.trimEnd()
}

function describeChange(changes: readonly string[], afterRestart: readonly string[]): string {
  const taken = changes.map(line => `  ${line}`)
  const later = afterRestart.map(line => `  ${line} (after a restart)`)
  return ['The configuration changed:', ...taken, ...later].join('\n')
}
