// Starts the sandbox: an Entra-shaped identity provider, a FHIR and a DICOMweb service, which trust each other's tokens and nobody else's.
import { randomInt } from 'node:crypto'
import type { HealthService, ObservedExchange, Observer, ServiceOptions } from './contract.ts'
import { dicomService } from './dicom/service.ts'
import { fhirService } from './fhir/service.ts'
import type { Directory } from './identity/directory.ts'
import { identityProvider } from './identity/provider.ts'
import { createSigningKey } from './identity/signing-key.ts'
import { type Listening, listenOnLoopbacks } from './listen.ts'
import { createObservation, type Observation } from './observer.ts'
import { type Person, people, rolesOf } from './people.ts'
import { clientId, createDirectory, dicomAudience, fhirAudience, tenantId } from './tenant.ts'
import { createVerifier } from './token-check.ts'

export type SandboxOptions = {
  /** Each 0 (any free port) unless set. */
  ports?: { identity?: number; fhir?: number; dicom?: number }
  /** Redirect URIs of the public client, besides `http://localhost/-/callback` and `http://localhost`. */
  redirectUris?: readonly string[]
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
  const { ports = {}, redirectUris = [], clock = Date.now, seed = 1 } = options
  const origins = { identity: '', fhir: '', dicom: '' }
  const listen = async (service: Service, app: HealthService['app']) => {
    const listening = await listenOnLoopbacks(app, ports[service] ?? 0, (request, response) =>
      observation.watch(service, request, response),
    )
    started.push(listening)
    origins[service] = listening.origin
  }
  const serviceOptions = (service: 'fhir' | 'dicom', audience: string): ServiceOptions => ({
    verify: authorization => verifiers[service](authorization),
    rolesOf,
    origin: () => origins[service],
    audience,
    authority: () => `${origins.identity}/${tenantId}`,
    clock,
    seed,
  })
  const directory = createDirectory(redirectUris)
  const [identity, fhir, dicom] = await Promise.all([
    createIdentity(options, directory, clock, () => origins.identity, observation.noteGrant),
    fhirService(serviceOptions('fhir', fhirAudience)),
    dicomService(serviceOptions('dicom', dicomAudience)),
  ])
  await listen('identity', identity)
  const verifiers = createVerifiers(origins.identity, clock)
  await listen('fhir', fhir.app)
  await listen('dicom', dicom.app)
  const registered = directory.applications.flatMap(application => application.redirectUris.publicClient)
  return {
    identity: { url: origins.identity, tenantId, clientId, redirectUris: registered },
    fhir: { url: origins.fhir, audience: fhirAudience },
    dicom: { url: `${origins.dicom}/v2`, audience: dicomAudience },
  }
}

async function createIdentity(
  { accessTokenSeconds, refreshTokenSeconds = 90 * 24 * 3600 }: SandboxOptions,
  directory: Directory,
  clock: () => number,
  origin: () => string,
  noteGrant: Observation['noteGrant'],
) {
  const key = await createSigningKey()
  const drawLife = () => accessTokenSeconds ?? randomInt(3600, 5401)
  return identityProvider({ directory, key, clock, origin, accessTokenSeconds: drawLife, refreshTokenSeconds, noteGrant })
}

/** The services trust the identity provider as they would trust Entra ID: by the keys that it publishes. */
function createVerifiers(identity: string, clock: () => number) {
  const trust = { jwksUrl: `${identity}/${tenantId}/discovery/v2.0/keys`, issuer: `https://sts.windows.net/${tenantId}/`, clock }
  return { fhir: createVerifier({ ...trust, audience: fhirAudience }), dicom: createVerifier({ ...trust, audience: dicomAudience }) }
}
