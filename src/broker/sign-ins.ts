// Signs people in: one sign-in at a time per profile, which outlives the request that asked for it.
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import type { AuthorizationResponse, CodeAuthorization, Identity, Wanted } from '../identity/identity.ts'
import type { Tell } from '../journal/events.ts'
import type { Bearer } from '../terms/bearer.ts'
import type { Clock, OpenBrowser, Random, Timer } from '../terms/edges.ts'

export type SignIn = {
  /** Unguessable name in the sign-in's link. */
  readonly id: string
  readonly profile: string
  readonly link: string
  /** Where the browser goes to sign in. */
  readonly authorizationUrl: string
  /** Path of ours to go to afterwards. */
  returnTo: string | undefined
  state: 'pending' | 'done' | 'failed'
  error: HallpassError | undefined
  /** Resolves when somebody signed in; rejects with the reason when nobody will. */
  readonly outcome: Promise<void>
}

/** Whether a browser opens: never, once for each sign-in, or again because the user asked for it. */
export type Opening = 'never' | 'once' | 'again'

export type SignIns = {
  /** The pending sign-in of the profile, started when there is none. Rejects when the authorization server would not take it. */
  start(profile: string, wanted: Wanted, options: { open: Opening; returnTo?: string | undefined }): Promise<SignIn>
  /** Ends the sign-in to which the response belongs; a second delivery changes nothing. Undefined when it belongs to none. */
  complete(response: AuthorizationResponse): Promise<SignIn | undefined>
  find(id: string): SignIn | undefined
  pendingOf(profile: string): SignIn | undefined
  cancel(profile: string): void
  /** Ends every pending sign-in with this reason. */
  close(reason: HallpassError): void
}

export type SignInParts = {
  identities: ReadonlyMap<string, Identity>
  clock: Clock
  random: Random
  openBrowser: OpenBrowser
  tell: Tell
  /** Seconds that a sign-in stays open. */
  limitSeconds: number
  /** The link that leads to a sign-in. */
  linkOf: (id: string) => string
  /** Opens the port of the redirect URI when it is not the daemon's own; gives what closes it. Rejects with redirect-port-taken. */
  holdRedirect: (profile: string) => Promise<() => void>
  signedIn: (profile: string, wanted: Wanted, bearer: Bearer) => Promise<void>
}

type Entry = {
  signIn: SignIn
  authorization: CodeAuthorization
  wanted: Wanted
  timer: Timer
  opened: boolean
  settle: Settle
  release: () => void
  redeeming?: Promise<void>
}
type Settle = { done(): void; failed(error: HallpassError): void }

/** How many ended sign-ins are remembered, so that a late delivery and the result page find them. */
const remembered = 100

export function createSignIns(parts: SignInParts): SignIns {
  const starting = new Map<string, Promise<Entry>>()
  const pending = new Map<string, Entry>()
  const byId = new Map<string, Entry>()
  const byState = new Map<string, Entry>()

  const end = (entry: Entry, error?: HallpassError) => {
    if (entry.signIn.state !== 'pending') return
    entry.timer.cancel()
    entry.release()
    if (pending.get(entry.signIn.profile) === entry) pending.delete(entry.signIn.profile)
    entry.signIn.state = error ? 'failed' : 'done'
    entry.signIn.error = error
    const { profile } = entry.signIn
    if (error) {
      parts.tell({ event: 'sign-in-failed', profile, code: error.code, summary: error.summary, remedy: error.remedy })
      entry.settle.failed(error)
    } else {
      parts.tell({ event: 'signed-in', profile })
      entry.settle.done()
    }
  }

  const create = async (profile: string, wanted: Wanted): Promise<Entry> => {
    const identity = parts.identities.get(profile)
    if (!identity) throw new HallpassError('internal', { what: 'a sign-in for an unknown profile' })
    const authorization = await identity.begin(wanted)
    if (authorization.kind !== 'code') throw new HallpassError('internal', { what: 'a sign-in of another kind was begun' })
    await authorization.check()
    const release = await parts.holdRedirect(profile)
    const id = parts.random(16)
    const { settle, outcome } = createOutcome()
    const signIn: SignIn = {
      id,
      profile,
      link: parts.linkOf(id),
      authorizationUrl: authorization.url,
      returnTo: undefined,
      state: 'pending',
      error: undefined,
      outcome,
    }
    const timer = parts.clock.after(parts.limitSeconds * 1000, () => end(entry, new HallpassError('sign-in-expired')))
    const entry: Entry = { signIn, authorization, wanted, timer, opened: false, settle, release }
    pending.set(profile, entry)
    byId.set(id, entry)
    byState.set(authorization.state, entry)
    forgetOldest(byId, byState)
    return entry
  }

  const open = async (entry: Entry) => {
    entry.opened = true
    const { profile, link, authorizationUrl } = entry.signIn
    try {
      const opened = await parts.openBrowser(authorizationUrl, parts.identities.get(profile)?.browser)
      parts.tell({ event: 'sign-in-started', profile, link, opened })
    } catch (error) {
      parts.tell({ event: 'browser-failed', profile, link })
      if (!(error instanceof Error)) throw error
    }
  }

  const redeem = async (entry: Entry, response: AuthorizationResponse) => {
    try {
      const bearer = await entry.authorization.redeem(response)
      if (entry.signIn.state !== 'pending') return
      await parts.signedIn(entry.signIn.profile, entry.wanted, bearer)
      end(entry)
    } catch (error) {
      end(entry, asHallpassError(error))
    }
  }

  return {
    start: async (profile, wanted, { open: opening, returnTo }) => {
      const running = starting.get(profile)
      const entry = pending.get(profile) ?? (await (running ?? once(starting, profile, () => create(profile, wanted))))
      if (returnTo !== undefined) entry.signIn.returnTo = returnTo
      if (opening === 'again' || (opening === 'once' && !entry.opened)) await open(entry)
      return entry.signIn
    },
    complete: async response => {
      const entry = byState.get(response.state)
      if (!entry) return undefined
      if (entry.signIn.state === 'pending') entry.redeeming ??= redeem(entry, response)
      await entry.redeeming
      return entry.signIn
    },
    find: id => byId.get(id)?.signIn,
    pendingOf: profile => pending.get(profile)?.signIn,
    cancel: profile => {
      const entry = pending.get(profile)
      if (entry) end(entry, new HallpassError('sign-in-cancelled'))
    },
    close: reason => {
      for (const entry of [...pending.values()]) end(entry, reason)
    },
  }
}

/** Runs `make` unless it runs already for this key; everybody gets the same result. */
export function once<T>(running: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = running.get(key)
  if (known) return known
  const made = make().finally(() => running.delete(key))
  running.set(key, made)
  return made
}

function createOutcome(): { settle: Settle; outcome: Promise<void> } {
  let settle: Settle | undefined
  const outcome = new Promise<void>((resolve, reject) => {
    settle = { done: resolve, failed: reject }
  })
  // Nobody may be waiting when a sign-in fails; that is no unhandled rejection.
  outcome.catch(() => undefined)
  return { settle: settle as unknown as Settle, outcome }
}

function forgetOldest(byId: Map<string, Entry>, byState: Map<string, Entry>): void {
  for (const [id, entry] of byId) {
    if (byId.size <= remembered) return
    if (entry.signIn.state === 'pending') continue
    byId.delete(id)
    byState.delete(entry.authorization.state)
  }
}
