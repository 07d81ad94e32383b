// A route: a prefix of ours, the service behind it, and the profile whose token it gets.
import type { Access } from './interaction.ts'
import type { ServiceKind } from './service-url.ts'

export type Route = {
  /** First path segment with its slash, such as `/fhir`. */
  prefix: string
  /** Scheme, host and port of the service. */
  origin: string
  /** Path of the service's base without trailing slash, such as `/v2` or the empty string. */
  basePath: string
  kind: ServiceKind
  /** The resource whose tokens the service takes. */
  audience: string
  /** Scopes to ask the authorization server for. */
  scopes: string[]
  /** Name of the profile that signs in for it. */
  profile: string
  /** What is said about caching: never (the usual), or what the service says. */
  cache?: 'no-store' | 'as-is'
  /** False: links in answers and requests pass as they are. True unless set. */
  localise?: boolean
  /** The interactions that pass; undefined for all of them. */
  access?: Access
  /** Names, in small letters, of request fields that are forwarded beside those that hallpass knows. */
  forwardFields?: readonly string[]
}

/** A prefix is one path segment; `/-` is ours. */
export const routePrefix = /^\/[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/
