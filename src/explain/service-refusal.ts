// Why a service refused: from the evidence that was kept to whose word it is, the cause, and the one thing to do.
import type { RefusalEvidence, TokenClaims } from '../terms/evidence.ts'
import { deriveService, dicomAudience, isLoopback, type ServiceKind } from '../terms/service-url.ts'
import { assignRole, principalOf, roleFor } from './data-plane-role.ts'

export type ServiceRefusal = {
  kind: ServiceKind
  /** Prefix of the route, and the URL of its service. */
  prefix: string
  service: string
  profile: string
  /** What the request was: `search`, `$export`. */
  interaction: string
  /** When it came: milliseconds since the epoch. */
  time: number
  evidence: RefusalEvidence
}

export type Why = { summary: string; cause: string; remedy: string; command?: string }

/** 401 is about the token; 403 with the service's one sentence for it is about the role; every other 403 is about the request. */
export function explainRefusal(refusal: ServiceRefusal): Why {
  return refusal.evidence.status === 401 ? explainToken(refusal) : explainForbidden(refusal)
}

function explainToken(refusal: ServiceRefusal): Why {
  const { evidence, prefix, profile, service, time } = refusal
  const { claims, challenge } = evidence
  const summary = 'The service refused the token (401).'
  const expected = expectedAudience(evidence)
  if (differs(claims?.aud, expected))
    return {
      summary,
      ...(isBorneOut(expected, refusal)
        ? wrongAudience(prefix, claims?.aud, expected)
        : claimed('audience', `for ${claims?.aud}`, `for ${expected}`)),
    }
  const tenant = expectedTenant(evidence)
  if (differs(claims?.tid, tenant) && !isAzures(service))
    return { summary, ...claimed('tenantId', `of tenant ${claims?.tid}`, `of tenant ${tenant}`) }
  if (differs(claims?.tid, tenant))
    return {
      summary,
      cause: `The token is of tenant ${claims?.tid}, and the service asks for one of tenant ${tenant}.`,
      remedy: `Set "tenantId" of the profile ${profile} to "${tenant}", or sign in with an account of that tenant.`,
    }
  if (/audience/i.test(challenge?.description ?? '')) return { summary, ...wrongAudience(prefix, claims?.aud, undefined) }
  if (/issuer/i.test(challenge?.description ?? ''))
    return {
      summary,
      cause: `The service does not take tokens of ${claims?.iss ?? 'this issuer'}.`,
      remedy: `Compare "tenantId" of the profile ${profile} with the Authority on the service’s Authentication page.`,
    }
  if (isOutOfTime(claims, time))
    return {
      summary,
      cause: 'By the clock of this machine the token was not valid when it was sent.',
      remedy: 'Set the clock of this machine right, then send the request again.',
    }
  if (challenge?.claims)
    return {
      summary,
      cause: 'The service demands a token with further claims (Conditional Access), and no new sign-in brought them.',
      remedy: `Sign in anew: \`hallpass logout ${profile}\`, then \`hallpass login ${profile}\`.`,
    }
  return {
    summary,
    cause: evidence.replayed
      ? 'It refused a new token as well, and does not say why. Audience, tenant and time look right from here.'
      : 'It does not say why. Audience, tenant and time look right from here.',
    remedy: 'Compare Authority and Audience on the service’s Authentication page in the Azure portal with the claims below.',
  }
}

function wrongAudience(prefix: string, audience: string | undefined, expected: string | undefined): Pick<Why, 'cause' | 'remedy'> {
  if (expected === undefined)
    return {
      cause: `The service does not take tokens for ${audience ?? 'this audience'}.`,
      remedy: `Set "audience" of the route ${prefix} to the Audience on the service’s Authentication page in the Azure portal.`,
    }
  return {
    cause: `The token is for ${audience}, and the service asks for one for ${expected}.`,
    remedy: `Set "audience" of the route ${prefix} to "${expected}".`,
  }
}

/** Whoever is at the origin writes the challenge: obeyed, it would fetch a token for anything, and send it there. */
function claimed(setting: 'audience' | 'tenantId', has: string, wants: string): Pick<Why, 'cause' | 'remedy'> {
  return {
    cause: `The token is ${has}, and the service claims to want one ${wants}, which nothing about its address bears out.`,
    remedy: `Never set "${setting}" by that alone: compare Authority and Audience on the service’s Authentication page in the Azure portal.`,
  }
}

/** True for the service's own origin, for what is configured, and for a health data service's audience that Azure (or a sandbox) names. */
function isBorneOut(audience: string | undefined, { service, evidence }: ServiceRefusal): boolean {
  const origin = urlOf(service)
  if (!differs(audience, evidence.audience) || (origin && !differs(audience, origin.origin))) return true
  const derived = deriveService(urlOf(audience ?? '') ?? nowhere)?.audience
  const isHealthData = !differs(audience, dicomAudience) || (derived !== undefined && !differs(audience, derived))
  return isHealthData && (isAzures(service) || (origin !== undefined && isLoopback(origin)))
}

function isAzures(service: string): boolean {
  return deriveService(urlOf(service) ?? nowhere) !== undefined
}

const nowhere = new URL('about:blank')

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function explainForbidden(refusal: ServiceRefusal): Why {
  const { evidence, kind, interaction, service } = refusal
  if (evidence.body !== 'missing-role')
    return {
      summary: 'The service refused this request (403).',
      cause: 'It took the token, and does not say that a role is missing: what was asked is not allowed or not supported.',
      remedy: 'Read the body of its answer; it names the reason.',
    }
  const { claims } = evidence
  const role = roleFor(kind, interaction, evidence.reads)
  const principal = principalOf(claims)
  return {
    summary: 'The service took the token, but its owner lacks a data-plane role (403).',
    cause: `${principal.words} has no role on ${service} that allows it (${interaction}).`,
    remedy: `Have the role "${role}" assigned to it: somebody with Owner or User Access Administrator runs the command. It takes some minutes to count.`,
    ...(claims?.oid !== undefined && { command: assignRole({ role, oid: claims.oid, type: principal.type, kind, service }) }),
  }
}

/** The audience that the challenge names: resource_id, or a realm that has the form of one. */
export function expectedAudience({ challenge }: RefusalEvidence): string | undefined {
  return challenge?.resource
}

/** The tenant in the challenge's authorization_uri. */
export function expectedTenant({ challenge }: RefusalEvidence): string | undefined {
  return /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/|$)/i.exec(challenge?.authorizationUri ?? '')?.[1]?.toLowerCase()
}

function differs(found: string | undefined, expected: string | undefined): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\/+$/, '')
  return found !== undefined && expected !== undefined && plain(found) !== plain(expected)
}

function isOutOfTime(claims: TokenClaims | undefined, time: number): boolean {
  const { exp, nbf } = claims ?? {}
  return (exp !== undefined && exp * 1000 <= time) || (nbf !== undefined && nbf * 1000 > time + 300_000)
}
