// Starts the sandbox: an Entra-shaped identity provider, a FHIR and a DICOMweb service, which trust each other's tokens and nobody else's.
import { randomInt } from 'node:crypto'
import type { HealthService, ObservedExchange, Observer, RolesOf, ServiceOptions } from './contract.ts'
import { dicomService } from './dicom/service.ts'
import { type FhirServiceOptions, fhirService } from './fhir/service.ts'
import type { AuthorizationServerParts } from './identity/authorization-server.ts'
import type { Application, Directory, UserConsent } from './identity/directory.ts'
import { createFaultSwitch, type FaultSwitch } from './identity/fault-switch.ts'
import type { FaultName } from './identity/fault-table.ts'
import { identityProvider } from './identity/provider.ts'
import type { ApplicationRegistration, ResourceRegistration } from './identity/registration.ts'
import { createSigningKey, type SigningKey } from './identity/signing-key.ts'
import { type Listening, listenOnLoopbacks } from './listen.ts'
import { createObservation, type Observation } from './observer.ts'
import { type Person, people } from './people.ts'
import { clientId, createDirectory, dicomAudience, fhirAudience, tenantId } from './tenant.ts'
import { createVerifier } from './token-check.ts'

export type SandboxOptions = {
  /** Each 0 (any free port) unless set. */
  ports?: { [service in ObservedExchange['service']]?: number }
  /** Redirect URIs of the public client, besides `http://localhost/-/callback` and `http://localhost`. */
  redirectUris?: readonly string[]
  /** Applications besides the public and the confidential client that are always there. */
  applications?: readonly ApplicationRegistration[]
  /** Resource applications of the tenant's own. */
  resources?: readonly ResourceRegistration[]
  /** The audience that a service's tokens must have, such as a resource of the tenant's own; Azure's unless set. */
  audiences?: { fhir?: string; dicom?: string }
  /** Whether people may consent to applications themselves; they may unless set. */
  userConsent?: UserConsent
  /** The fault that is on from the start. */
  fault?: FaultName
  /** How the FHIR service is limited; it is not, and exports take a second, unless set. */
  fhir?: Pick<FhirServiceOptions, 'concurrentRequests' | 'exportMilliseconds'>
  /** Milliseconds that an answer takes while the fault `slow` is on; ten seconds unless set. */
  slowMilliseconds?: number
  /** Seconds that a device is told to leave between two questions; 5 unless set. */
  devicePollSeconds?: number
  /** Life of an access token; by default each lives 60 to 90 minutes, as Entra ID draws it. */
  accessTokenSeconds?: number
  /** Life of an unused refresh token; 90 days by default. */
  refreshTokenSeconds?: number
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Seed of the generated records. */
  seed?: number
}

export type Sandbox = {
  /** `url` has no tenant and no trailing slash. */
  identity: { url: string; tenantId: string; clientId: string; redirectUris: readonly string[] }
  fhir: { url: string; audience: string }
  /** `url` ends in `/v2`. */
  dicom: { url: string; audience: string }
  /** All registered applications, with the values of their secrets. */
  applications: readonly Application[]
  faults: Pick<FaultSwitch, 'set' | 'current'>
  observer: Observer
  people: readonly Person[]
  /** Ends everything at once, open connections too. */
  close: () => Promise<void>
}

/** Starts the three services on loopback. Rejects in one plain sentence when a port cannot be had; nothing is left listening then. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const observation = createObservation()
  const started: Listening[] = []
  const close = async () => {
    await Promise.all(started.map(listening => listening.close()))
  }
  try {
    return { ...(await startServices(options, observation, started)), observer: observation.observer, people, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Service = ObservedExchange['service']

async function startServices(options: SandboxOptions, observation: Observation, started: Listening[]) {
  const { ports = {}, clock = Date.now, seed = 1 } = options
  const origins = { identity: '', fhir: '', dicom: '', storage: '' }
  const audiences = { fhir: fhirAudience, dicom: dicomAudience, ...options.audiences }
  const listen = async (service: Service, app: HealthService['app']) => {
    const listening = await listenOnLoopbacks(app, ports[service] ?? 0, (request, response) =>
      observation.watch(service, request, response),
    )
    started.push(listening)
    origins[service] = listening.origin
  }
  const directory = createDirectory({ redirectUris: [], ...options, now: clock() })
  const faults = createFaultSwitch(options.fault)
  const rolesOf = rolesIn(directory)
  const serviceOptions = (service: 'fhir' | 'dicom'): ServiceOptions => ({
    verify: authorization => verifiers[service](authorization),
    rolesOf,
    origin: () => origins[service],
    audience: audiences[service],
    authority: () => `${origins.identity}/${tenantId}`,
    clock,
    seed,
  })
  const [identity, fhir, dicom] = await Promise.all([
    createIdentity(options, { directory, faults, clock, origin: () => origins.identity, noteGrant: observation.noteGrant }),
    fhirService({ ...serviceOptions('fhir'), ...options.fhir }),
    dicomService(serviceOptions('dicom')),
  ])
  await listen('identity', identity)
  const verifiers = createVerifiers(origins.identity, audiences, faults, clock)
  await listen('fhir', fhir.app)
  await listen('dicom', dicom.app)
  if (fhir.storage) {
    await listen('storage', fhir.storage.app)
    fhir.storage.setOrigin(origins.storage)
  }
  const { applications } = directory
  const { redirectUris } = applications.find(({ appId }) => appId === clientId) ?? { redirectUris: { publicClient: [] } }
  return {
    identity: { url: origins.identity, tenantId, clientId, redirectUris: redirectUris.publicClient },
    fhir: { url: origins.fhir, audience: audiences.fhir },
    dicom: { url: `${origins.dicom}/v2`, audience: audiences.dicom },
    applications,
    faults,
  }
}

/** Roles are assigned to people, and to applications by the object id of their service principal. */
function rolesIn({ applications }: Directory): RolesOf {
  const assigned = [...people, ...applications.map(({ objectId, dataRoles }) => ({ oid: objectId, roles: dataRoles }))]
  const held = new Map(assigned.map(({ oid, roles }) => [oid, new Set(roles)]))
  return oid => held.get(oid) ?? new Set()
}

/** Signs for every sandbox of this process, as one set of keys signs for all tenants of Entra ID. */
let signingKey: Promise<SigningKey> | undefined

type IdentityParts = Pick<AuthorizationServerParts, 'directory' | 'faults' | 'clock' | 'origin' | 'noteGrant'>

async function createIdentity(options: SandboxOptions, parts: IdentityParts): Promise<HealthService['app']> {
  const { accessTokenSeconds, refreshTokenSeconds = 90 * 24 * 3600, slowMilliseconds = 10_000, devicePollSeconds = 5 } = options
  signingKey ??= createSigningKey()
  const key = await signingKey
  const drawLife = () => accessTokenSeconds ?? randomInt(3600, 5401)
  return identityProvider({ ...parts, key, accessTokenSeconds: drawLife, refreshTokenSeconds, slowMilliseconds, devicePollSeconds })
}

/** The authentication context that the health services demand while the fault `claims-challenge` is on. */
const demandedContext = 'c1'

/** The services trust the identity provider as they would trust Entra ID: by the keys that it publishes. */
function createVerifiers(identity: string, audiences: { fhir: string; dicom: string }, faults: FaultSwitch, clock: () => number) {
  const trust = {
    jwksUrl: `${identity}/${tenantId}/discovery/v2.0/keys`,
    issuer: `https://sts.windows.net/${tenantId}/`,
    clock,
    demandedContext: () => (faults.current() === 'claims-challenge' ? demandedContext : undefined),
  }
  return { fhir: createVerifier({ ...trust, audience: audiences.fhir }), dicom: createVerifier({ ...trust, audience: audiences.dicom }) }
}
