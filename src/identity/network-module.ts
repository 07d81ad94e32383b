// How MSAL reaches the token endpoint: through our dispatcher, with time-outs, and with failures that keep their cause.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import { type Dispatcher, request } from 'undici'
import { HallpassError } from '../errors/hallpass-error.ts'
import { reasonOf } from '../network/reason.ts'

const requestTimeout = 30_000
const bodyLimit = 1024 * 1024

/** What MSAL's own errors lose: our failure on the way to the authorization server. */
type Evidence = { failure?: HallpassError }

const evidence = new AsyncLocalStorage<Evidence>()

/** Runs an MSAL call; when it fails on the network, rejects with our error instead of MSAL's flattened one. */
export async function withEvidence<T>(call: () => Promise<T>): Promise<T> {
  const found: Evidence = {}
  try {
    return await evidence.run(found, call)
  } catch (error) {
    throw found.failure ?? error
  }
}

/**
 * MSAL's network interface. A 5xx rejects: handed to MSAL, it would lock the same request for 60 s without another try.
 * Rejects with entra-unreachable or entra-unclear.
 */
export function createNetworkModule(dispatcherFor: (origin: string) => Dispatcher): INetworkModule {
  const send = async <T>(method: 'GET' | 'POST', url: string, options: NetworkRequestOptions = {}): Promise<NetworkResponse<T>> => {
    try {
      return await exchange<T>(dispatcherFor, method, url, options)
    } catch (error) {
      const found = evidence.getStore()
      if (found && error instanceof HallpassError) found.failure = error
      throw error
    }
  }
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  }
}

async function exchange<T>(
  dispatcherFor: (origin: string) => Dispatcher,
  method: 'GET' | 'POST',
  url: string,
  { headers, body }: NetworkRequestOptions,
): Promise<NetworkResponse<T>> {
  const { origin, host } = new URL(url)
  const answer = await sendToEntra(host, () =>
    request(url, {
      method,
      dispatcher: dispatcherFor(origin),
      signal: AbortSignal.timeout(requestTimeout),
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    }),
  )
  const text = await readBounded(host, answer.body)
  if (answer.statusCode >= 500) throw new HallpassError('entra-unreachable', { host, why: `it answered ${answer.statusCode}` })
  return { status: answer.statusCode, headers: singleValues(answer.headers), body: parseJson<T>(host, text, answer.statusCode) }
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

function parseJson<T>(host: string, text: string, status: number): T {
  try {
    return JSON.parse(text) as T
  } catch (error) {
    const why = text.trimStart().startsWith('<')
      ? `a web page came instead of JSON (status ${status})`
      : `it is not JSON (status ${status})`
    throw new HallpassError('entra-unclear', { host, why }, { cause: error })
  }
}

function singleValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat().join(', ')]])),
  )
}
