// What MSAL's own errors lose on the way: our failure to reach the authorization server, and the words in which it refused.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { NetworkResponse } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'

/** An error answer of the token endpoint (RFC 6749 section 5.2) with Entra's additions. */
export type Refusal = {
  error: string
  suberror: string | undefined
  description: string | undefined
  /** Claims request for the next sign-in, as JSON. */
  claims: string | undefined
}

/** The authorization server refused a request. Decide by `error` and `suberror`; the description is for people. */
export class EntraRefusal extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal, options: { cause?: unknown }) {
    super(refusal.error, options)
    this.name = 'EntraRefusal'
    this.refusal = refusal
  }
}

/** One exchange with the authorization server: sends the request and reads the answer. */
export type Exchange = () => Promise<NetworkResponse<unknown>>

/** Runs each exchange of a call, may hold it back, and may change its answer for MSAL. */
export type Around = (exchange: Exchange) => Promise<NetworkResponse<unknown>>

type Evidence = { failure?: HallpassError | undefined; refusal?: Refusal | undefined; around?: Around | undefined }

const evidence = new AsyncLocalStorage<Evidence>()
let underWay = 0

/**
 * Runs an MSAL call, each of its questions through `around`. When it fails because of the network, rejects with our error instead of MSAL's
 * flattened one; when the last answer was a refusal, with an EntraRefusal.
 */
export async function withEvidence<T>(call: () => Promise<T>, around?: Around): Promise<T> {
  const found: Evidence = { around }
  underWay++
  try {
    return await evidence.run(found, call)
  } catch (error) {
    if (found.failure) throw found.failure
    throw found.refusal ? new EntraRefusal(found.refusal, { cause: error }) : error
  } finally {
    // Left enabled, Node 20 would follow every promise and callback of the proxy from the first sign-in on.
    if (--underWay === 0) evidence.disable()
  }
}

/** Notes how an exchange ended. Outside of `withEvidence` it only runs it. What looks up endpoints (`asks` is false) passes no `around`. */
export async function noted(exchange: Exchange, asks: boolean): Promise<NetworkResponse<unknown>> {
  const found = evidence.getStore()
  if (!found) return exchange()
  const observed = async () => {
    found.refusal = undefined
    const response = await exchange()
    found.refusal = refusalIn(response.body)
    return response
  }
  try {
    found.failure = undefined
    return await (found.around && asks ? found.around(observed) : observed())
  } catch (error) {
    if (error instanceof HallpassError) found.failure = error
    throw error
  }
}

/** The refusal in an answer's body; undefined when there is none. */
export function refusalIn(body: unknown): Refusal | undefined {
  const { error, suberror, error_description, claims } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (typeof error !== 'string' || !error) return undefined
  return { error, suberror: asText(suberror), description: asText(error_description), claims: asText(claims) }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value ? value : undefined
}
