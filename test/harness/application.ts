// An application with an identity of its own, registered in the sandbox, in front of which a daemon runs; and the portal's upload.
import { X509Certificate } from 'node:crypto'
import type { Test } from 'tap'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type Command, commandIn } from './command.ts'
import { type Composed, type ComposedOptions, startBoth } from './composed.ts'

export const clientId = '0f0f0f0f-1111-4222-8333-444444444444'

export type Registered = Composed & {
  hallpass: Command
  /** Status of a FHIR request through the daemon, and the code of our error when it is ours. */
  ask(): Promise<{ status: number; error: string | null; text: string }>
  /** Takes the public part, as the portal does. */
  upload(pem: string | Buffer): void
  /** Values of the registration's client secrets. */
  secrets: string[]
  /** How often a token was asked for with this grant. */
  grants(grant?: string): number
}

export type Wish = Omit<ComposedOptions, 'sandbox'> & {
  flow?: 'client-credentials' | 'authorization-code'
  credential: 'secret' | 'certificate'
  secrets?: readonly { end?: number }[]
}

/** Sandbox and daemon for one profile, `dev`, of a confidential client. */
export async function startRegistered(
  t: Test,
  { flow = 'client-credentials', credential, secrets = [{}], ...options }: Wish,
): Promise<Registered> {
  const application = {
    displayName: 'batch job',
    appId: clientId,
    secrets,
    dataRoles: ['FHIR Data Contributor' as const, 'DICOM Data Owner' as const],
    redirectUris: { web: ['http://localhost/-/callback'] },
  }
  const both = await startBoth(t, {
    ...options,
    sandbox: { applications: [application] },
    profile: { clientId, flow, credential, ...options.profile },
  })
  const registration = registrationIn(both.sandbox)
  return {
    ...both,
    hallpass: commandIn(both.home),
    ask: async () => {
      const answer = await fetch(`${both.daemon.url}/fhir/Patient?_count=1`, { headers: { 'Hallpass-Interactive': 'never' } })
      return { status: answer.status, error: answer.headers.get('hallpass-error'), text: await answer.text() }
    },
    upload: pem => {
      const certificate = new X509Certificate(pem)
      const digits = (print: string) => print.replaceAll(':', '')
      registration.certificates.push({
        pem: certificate.toString(),
        thumbprint: digits(certificate.fingerprint),
        thumbprintSha256: digits(certificate.fingerprint256),
        start: Date.parse(certificate.validFrom),
        end: Date.parse(certificate.validTo),
      })
    },
    secrets: registration.secrets.map(({ value }) => value),
    grants: (grant = 'client_credentials') => both.exchanges.filter(({ grantType }) => grantType === grant).length,
  }
}

type Registration = Sandbox['applications'][number]

/** The sandbox hands its registrations out to be read; an upload is the one change that a test makes. */
function registrationIn({ applications }: Sandbox): Registration & { certificates: Registration['certificates'][number][] } {
  const found = applications.find(({ appId }) => appId === clientId)
  if (!found) throw new Error('the sandbox does not know the application')
  return found as Registration & { certificates: Registration['certificates'][number][] }
}
