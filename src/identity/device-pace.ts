// How often a device asks whether the person is done (RFC 8628 section 3.5), around MSAL's exchanges: MSAL itself is told to ask at once.
import type { NetworkResponse } from '@azure/msal-node'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import { type Around, EntraRefusal, type Exchange, refusalIn } from './evidence.ts'

/** What the authorization server answered to the request for a code (RFC 8628 section 3.2). */
export type DeviceCode = { userCode: string; verificationUri: string; expiresAt: number }

export type DevicePace = {
  /** Resolves when the server has given a code. */
  code: Promise<DeviceCode>
  around: Around
  /** No question is asked any more, and `cancellation` rejects with sign-in-cancelled. */
  cancel(): void
  cancelled(): boolean
  cancellation: Promise<never>
}

/** Milliseconds: what is left between two questions unless the server says otherwise, what slow_down adds, and the most that failures make of it. */
const [usual, addedBySlowDown, mostAfterFailure] = [5_000, 5_000, 60_000]
const longestLife = 3600

/** `authority` is the origin of the authorization server; a page on another origin must be https. */
export function createDevicePace(clock: Clock, authority: string): DevicePace {
  const shown = deferred<DeviceCode>()
  const ended = deferred<never>()
  let device: DeviceCode | undefined
  let interval = usual
  let cancelled = false

  const pause = (ms: number, expiresAt: number) =>
    new Promise<void>((resolve, reject) => {
      const left = expiresAt - clock.now()
      const over = () => reject(new HallpassError('sign-in-expired'))
      const timer = ms < left ? clock.after(ms, resolve) : clock.after(Math.max(0, left), over)
      ended.promise.catch(error => {
        timer.cancel()
        reject(error)
      })
    })

  const begin = async (exchange: Exchange): Promise<NetworkResponse<unknown>> => {
    const response = await exchange()
    const refusal = refusalIn(response.body)
    // MSAL would show an empty code and ask for it.
    if (refusal) throw new EntraRefusal(refusal, {})
    device = readDeviceCode(response.body, clock.now(), authority)
    interval = readInterval(response.body)
    shown.resolve(device)
    return { ...response, body: { ...(response.body as object), interval: 0 } }
  }

  const ask = async (exchange: Exchange, expiresAt: number): Promise<NetworkResponse<unknown>> => {
    await pause(interval, expiresAt)
    const response = await exchange().catch(error => {
      // A lost connection is no answer; RFC 8628 wants longer pauses after it.
      interval = Math.max(Math.min(interval * 2, mostAfterFailure), retryAfterOf(error))
      return pending
    })
    if (cancelled) throw new HallpassError('sign-in-cancelled')
    if (refusalIn(response.body)?.error !== 'slow_down') return response
    interval += addedBySlowDown
    return pending
  }

  return {
    code: shown.promise,
    around: exchange => (device ? ask(exchange, device.expiresAt) : begin(exchange)),
    cancel: () => {
      cancelled = true
      ended.reject(new HallpassError('sign-in-cancelled'))
    },
    cancelled: () => cancelled,
    cancellation: ended.promise,
  }
}

const pending: NetworkResponse<unknown> = { status: 400, headers: {}, body: { error: 'authorization_pending' } }

/** Milliseconds that a busy server wants to be left alone. Throws what is no failure of the network. */
function retryAfterOf(error: unknown): number {
  if (!(error instanceof HallpassError) || !error.code.startsWith('entra-')) throw error
  return Number(error.particulars.retryAfterSeconds ?? 0) * 1000
}

function readDeviceCode(body: unknown, now: number, authority: string): DeviceCode {
  const { user_code: userCode, verification_uri: verificationUri, expires_in: life } = body as Record<string, unknown>
  const unclear = (why: string) => new HallpassError('entra-unclear', { host: new URL(authority).host, why })
  if (typeof userCode !== 'string' || !/^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(userCode))
    throw unclear('it has no code for the person')
  if (typeof verificationUri !== 'string' || !isPage(verificationUri, authority))
    throw unclear('it names no page on which the code is entered')
  if (typeof life !== 'number' || !(life > 0)) throw unclear('it does not say how long the code is good')
  return { userCode, verificationUri, expiresAt: now + Math.min(life, longestLife) * 1000 }
}

/** Somebody will open it and type a password there. */
function isPage(text: string, authority: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, origin } = new URL(text)
  return protocol === 'https:' || origin === authority
}

function readInterval(body: unknown): number {
  const { interval } = body as Record<string, unknown>
  return typeof interval === 'number' && interval > 0 ? Math.min(interval, 60) * 1000 : usual
}

type Deferred<T> = { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void }

function deferred<T>(): Deferred<T> {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined]
  const promise = new Promise<T>((done, failed) => {
    resolve = done
    reject = failed
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
