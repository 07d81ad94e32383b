// A profile's identity as compose builds it, in front of a sandbox, with the clock in the test's hand.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'
import { Agent } from 'undici'
import { explainAadsts } from '../../src/explain/aadsts.ts'
import { handleCallback } from '../../src/identity/callback.ts'
import type { ClientCredential, IdentityParts } from '../../src/identity/client-application.ts'
import { createIdentity } from '../../src/identity/create-identity.ts'
import type { AuthorizationResponse, CodeAuthorization, Identity, SignInWish, Wanted } from '../../src/identity/identity.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Bearer } from '../../src/terms/bearer.ts'
import type { Profile } from '../../src/terms/profile.ts'
import { type ManualClock, manualClock, systemClock } from '../fixtures/clocks.ts'
import { signInByForm } from './sign-in-form.ts'

export type Rig = {
  sandbox: Sandbox
  clock: ManualClock
  /** What the vault would hold. */
  entry: { text: string | undefined; aside: string[] }
  /** Why grants have ended, in the order told. */
  ends: { audience: string; what: string; fix: string }[]
  /** Grants that the token endpoint was asked for. */
  grants: (string | undefined)[]
  profile: Profile
  fhir: Wanted
  dicom: Wanted
  /** Another identity of the same profile over the same vault, as after a restart. */
  restarted(parts?: Partial<IdentityParts>): Identity
  identity: Identity
  /** Signs a person in by authorization code, from the early question to the redemption. */
  signIn(wanted: Wanted, how?: { identity?: Identity; username?: string; wish?: SignInWish }): Promise<Bearer>
  /** A started sign-in, of which nothing was opened yet. */
  beginCode(wanted: Wanted, wish?: SignInWish, identity?: Identity): Promise<CodeAuthorization>
  /** Resolves with the next answer of the authorization server. */
  answered(): Promise<AuthorizationResponse>
  /** Puts the server's clock behind ours by so many milliseconds. */
  serverBehind(ms: number): void
  /** Resolves when a timer waits that rings in this many milliseconds. */
  timer(ms: number): Promise<void>
}

export type RigOptions = {
  sandbox?: SandboxOptions
  profile?: Partial<Profile>
  credential?: (sandbox: Sandbox) => ClientCredential | undefined
}

/** Starts sandbox and identity, and ends both with the test. */
export async function startRig(t: Test, options: RigOptions = {}): Promise<Rig> {
  const clock = watchedClock()
  const skew = { ms: 0 }
  const sandbox = await startSandbox({ clock: () => clock.now() - skew.ms, ...options.sandbox })
  const agent = new Agent()
  t.teardown(async () => {
    await agent.destroy()
    await sandbox.close()
  })
  const callback = await startCallback(t)
  const entry: Rig['entry'] = { text: undefined, aside: [] }
  const ends: Rig['ends'] = []
  const grants: Rig['grants'] = []
  sandbox.observer.on('exchange', ({ grantType }) => grantType && grants.push(grantType))
  const profile = profileOf(sandbox, options.profile)
  const restarted = (parts: Partial<IdentityParts> = {}) =>
    createIdentity({
      profile,
      ownPort: () => callback.port,
      dispatcherFor: () => agent,
      cache: {
        get: () => entry.text,
        set: text => {
          entry.text = text
        },
        setAside: text => void entry.aside.push(text),
      },
      credentials: () => ({ usable: [options.credential?.(sandbox) ?? []].flat() }),
      proved: () => undefined,
      random: bytes => randomBytes(bytes).toString('base64url'),
      clock,
      explain: code => explainAadsts(code, profile),
      grantEnded: end => void ends.push(end),
      ...parts,
    })
  const { fhir, dicom } = wantedOf(sandbox, profile)
  const serverBehind = (ms: number) => {
    skew.ms = ms
  }
  const identity = restarted()
  const { answered } = callback
  const beginCode = async (wanted: Wanted, wish: SignInWish = {}, whose = identity) => {
    const authorization = await whose.begin(wanted, wish)
    if (authorization.kind !== 'code') throw new Error('it is no authorization by code')
    return authorization
  }
  const signIn: Rig['signIn'] = async (wanted, how = {}) => {
    const authorization = await beginCode(wanted, how.wish, how.identity)
    await authorization.check()
    const answer = answered()
    await signInByForm(authorization.url, how.username)
    return authorization.redeem(await answer)
  }
  return {
    ...{ sandbox, clock, entry, ends, grants, profile, fhir, dicom, restarted, identity, serverBehind, signIn, beginCode, answered },
    timer: clock.timer,
  }
}

/** The redirect URI's side: takes answers on a port of its own. */
async function startCallback(t: Test) {
  const waiting: ((response: AuthorizationResponse) => void)[] = []
  const server = createServer((request, response) => {
    if (request.url === '/done') response.end('done')
    else
      void handleCallback(request, response, systemClock, async answer => {
        waiting.shift()?.(answer)
        return '/done'
      })
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return {
    port: (server.address() as { port: number }).port,
    answered: () => new Promise<AuthorizationResponse>(resolve => waiting.push(resolve)),
  }
}

function profileOf({ identity }: Sandbox, more: Partial<Profile> = {}): Profile {
  return {
    name: 'dev',
    tenantId: identity.tenantId,
    clientId: identity.clientId,
    flow: 'authorization-code',
    credential: 'none',
    redirectUri: { host: 'localhost', port: undefined, path: '/-/callback' },
    responseMode: 'query',
    authorityHost: 'login.microsoftonline.com',
    sandbox: identity.url,
    ...more,
  }
}

function wantedOf({ fhir, dicom }: Sandbox, { flow }: Profile): { fhir: Wanted; dicom: Wanted } {
  const scope = (permission: string) => (flow === 'client-credentials' ? '.default' : permission)
  return {
    fhir: { audience: fhir.audience, scopes: [`${fhir.audience}/${scope('user_impersonation')}`] },
    dicom: { audience: dicom.audience, scopes: [`${dicom.audience}/${scope('Dicom.ReadWrite')}`] },
  }
}

/** A clock that stands at the real time, and tells which timers wait. */
function watchedClock(): ManualClock & { timer(ms: number): Promise<void> } {
  const still = manualClock(Date.now())
  const looks = new Set<() => void>()
  return {
    ...still,
    after: (ms, action) => {
      const timer = still.after(ms, action)
      for (const look of [...looks]) look()
      return timer
    },
    timer: ms =>
      new Promise(resolve => {
        const look = () => {
          if (!still.waiting().includes(ms)) return
          looks.delete(look)
          resolve()
        }
        looks.add(look)
        look()
      }),
  }
}

/** What a token says of itself. */
export function claimsOf(bearer: Bearer | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(bearer?.reveal().split('.')[1] ?? '', 'base64url').toString() || '{}')
}
