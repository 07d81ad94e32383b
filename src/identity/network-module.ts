// How MSAL reaches the token endpoint: through our dispatcher, with time-outs, and with failures that keep their cause.
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import { type Dispatcher, request } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { reasonOf } from '../network/reason.ts'
import { noted, refusalIn } from './evidence.ts'
import { readRetryAfter } from './retry-after.ts'

/** Milliseconds that one exchange may take, its answer's body included. */
const requestTimeout = 30_000
const bodyLimit = 1024 * 1024

/** Errors by which a server says that it cannot answer now, whatever the status (RFC 6749 section 4.1.2.1). */
const passing = ['temporarily_unavailable', 'server_error']

/**
 * MSAL's network interface, which leads to one authorization server, by its origin. A 5xx, a 429 and an OAuth error that will pass reject, with
 * the server's Retry-After: handed to MSAL, they would lock the same request for 60 s without another try. Rejects with entra-unreachable or
 * entra-unclear.
 */
export function createNetworkModule(
  authority: string,
  dispatcherFor: (origin: string) => Dispatcher,
  timeout: number = requestTimeout,
): INetworkModule {
  const send = async <T>(method: 'GET' | 'POST', url: string, options: NetworkRequestOptions = {}): Promise<NetworkResponse<T>> =>
    (await noted(async () => {
      refuseElsewhere(url, authority)
      return exchange(dispatcherFor, timeout, method, url, options)
    }, method === 'POST')) as NetworkResponse<T>
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  }
}

/** Threat: a discovery document names the endpoints, to which codes, secrets and refresh tokens are sent. */
function refuseElsewhere(url: string, authority: string): void {
  if (new URL(url).origin === authority) return
  throw new HallpassError('entra-unclear', { host: new URL(authority).host, why: 'it names an endpoint outside of itself' })
}

async function exchange(
  dispatcherFor: (origin: string) => Dispatcher,
  timeout: number,
  method: 'GET' | 'POST',
  url: string,
  { headers, body }: NetworkRequestOptions,
): Promise<NetworkResponse<unknown>> {
  const { origin, host } = new URL(url)
  const answer = await sendToEntra(host, () =>
    request(url, {
      method,
      dispatcher: dispatcherFor(origin),
      signal: AbortSignal.timeout(timeout),
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    }),
  )
  const { statusCode: status } = answer
  const text = await readBounded(host, answer.body)
  refuseBusy(host, status, answer.headers)
  const parsed = parseJson(host, text, status)
  const { error } = refusalIn(parsed) ?? {}
  if (error && passing.includes(error)) throw busy(host, `it answered ${error}`, answer.headers)
  return { status, headers: fieldsForMsal(answer.headers), body: parsed }
}

type Fields = Record<string, string | string[] | undefined>

/** Throws entra-unreachable for a 5xx or a 429; with the seconds of its Retry-After, where it has one. */
export function refuseBusy(host: string, status: number, fields: Fields): void {
  if (status === 429) throw busy(host, 'it answered 429, too many requests', fields)
  if (status >= 500) throw busy(host, `it answered ${status}`, fields)
}

function busy(host: string, why: string, fields: Fields): HallpassError {
  const seconds = readRetryAfter([fields['retry-after']].flat()[0])
  if (seconds === undefined) return new HallpassError('entra-unreachable', { host, why })
  return new HallpassError(
    'entra-unreachable',
    { host, why, retryAfterSeconds: seconds },
    { fields: { 'Retry-After': String(Math.max(1, seconds)) } },
  )
}

/** Runs one exchange with the authorization server; connection failures and time-outs become entra-unreachable. */
export async function sendToEntra<T>(host: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (error instanceof HallpassError) throw error
    const why = error instanceof DOMException && error.name === 'TimeoutError' ? 'no answer came in time' : reasonOf(error)
    throw new HallpassError('entra-unreachable', { host, why }, { cause: error })
  }
}

/** The body as text, at most 1 MiB. */
export async function readBounded(host: string, body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  await sendToEntra(host, async () => {
    for await (const chunk of body) {
      size += chunk.length
      if (size > bodyLimit) throw new HallpassError('entra-unclear', { host, why: 'it is too long' })
      chunks.push(chunk)
    }
  })
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(host: string, text: string, status: number): unknown {
  const unclear = (what: string, cause?: unknown) =>
    new HallpassError('entra-unclear', { host, why: `${what} (status ${status})` }, { cause })
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    if (status >= 300 && status < 400) throw unclear('it leads somewhere else', error)
    throw unclear(text.trimStart().startsWith('<') ? 'a web page came instead of JSON' : 'it is not JSON', error)
  }
  throw unclear('it is not a JSON object')
}

/** Without Retry-After, on which MSAL would lock the request. */
function fieldsForMsal(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined || name === 'retry-after' ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
}
