// Starts one health service of the sandbox for a test, whose tokens are plain words: each stands for one verdict about a real token.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AccessTokenClaims, DataRole, HealthService, ServiceOptions, TokenVerdict } from '../../src/sandbox/contract.ts'

export type Kind = 'fhir' | 'dicom'

const scopes = { fhir: 'user_impersonation', dicom: 'Dicom.ReadWrite' }
export const audiences = { fhir: 'https://sandbox.fhir.example', dicom: 'https://dicom.example' }
export const authority = 'http://localhost:1/tenant'

const roles: Record<Kind, Record<string, DataRole[]>> = {
  fhir: {
    writer: ['FHIR Data Contributor'],
    reader: ['FHIR Data Reader'],
    exporter: ['FHIR Data Exporter'],
    'other-service': ['DICOM Data Owner'],
    application: ['FHIR Data Contributor'],
  },
  dicom: {
    writer: ['DICOM Data Owner'],
    reader: ['DICOM Data Reader'],
    'other-service': ['FHIR Data Contributor'],
    application: ['DICOM Data Owner'],
  },
}

/** Tokens are the names of principals, and of what can be wrong with a token. */
function verdictOf(kind: Kind, authorization: string | undefined): TokenVerdict {
  if (authorization === undefined) return { ok: false, reason: 'missing', description: '' }
  const token = authorization.replace('Bearer ', '')
  if (token === 'other-audience') return { ok: false, reason: 'audience', description: `The audience 'https://"other"' is invalid` }
  if (token === 'garbage') return { ok: false, reason: 'malformed', description: '' }
  const claims: AccessTokenClaims = {
    aud: audiences[kind],
    iss: 'i',
    oid: token,
    tid: 't',
    appid: 'a',
    appidacr: '0',
    scp: scopes[kind],
    exp: 0,
  }
  if (token === 'other-scope') return { ok: true, claims: { ...claims, oid: 'writer', scp: 'Other.Scope' } }
  const { scp: _, ...unscoped } = claims
  if (token === 'public-without-scope') return { ok: true, claims: { ...unscoped, oid: 'writer' } }
  const [, appRole] = /^app-role:(.+)$/.exec(token) ?? []
  if (appRole) return { ok: true, claims: { ...unscoped, appidacr: '1', idtyp: 'app', roles: [appRole] } }
  if (token === 'scope-and-role') return { ok: true, claims: { ...claims, roles: ['system.all.all'] } }
  if (token === 'application') return { ok: true, claims: { ...unscoped, appidacr: '1' } }
  return { ok: true, claims }
}

export type Client = {
  origin: string
  /** Asks as somebody who may write, unless `as` names another token; an empty one stands for none. */
  ask: (path: string, init?: RequestInit & { as?: string }) => Promise<Response>
  close: () => Promise<void>
}

/** @param time - Milliseconds since the epoch, which a test may move. */
export async function startService(
  kind: Kind,
  build: (options: ServiceOptions) => Promise<HealthService>,
  { time = { now: Date.parse('2026-01-02T03:04:05Z') }, seed = 1 } = {},
): Promise<Client> {
  const address: { origin: string } = { origin: '' }
  const { app, storage } = await build({
    verify: async authorization => verdictOf(kind, authorization),
    rolesOf: oid => new Set(roles[kind][oid] ?? []),
    origin: () => address.origin,
    audience: audiences[kind],
    authority: () => authority,
    clock: () => time.now,
    seed,
  })
  const main = await listen(app)
  address.origin = main.origin
  const second = storage && (await listen(storage.app))
  storage?.setOrigin(second?.origin ?? '')
  return {
    origin: address.origin,
    ask: (path, { as = 'writer', headers, ...init } = {}) => {
      const authorization = as === '' ? {} : { authorization: `Bearer ${as}` }
      return fetch(new URL(path, address.origin), { ...init, headers: { ...authorization, ...headers } })
    },
    close: async () => {
      await Promise.all([main.close(), second?.close()])
    },
  }
}

async function listen(app: HealthService['app']) {
  await app.ready()
  const server = createServer((request, response) => app.routing(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await app.close()
    },
  }
}
