// Credentials that the Azure SDKs' environment variables name; they stand in where the vault has none.
import { asHallpassError, HallpassError } from '../../errors/hallpass-error.ts'
import { checkCertificate, type KeyAndChain } from '../../identity/certificates/client-certificate.ts'
import type { Profile } from '../../terms/profile.ts'
import { readCertificateFiles } from './certificate-files.ts'

/** AZURE_CLIENT_SECRET, and the application that AZURE_CLIENT_ID says it belongs to. */
export type EnvironmentSecret = { secret: string; clientId: string | undefined }

/**
 * AZURE_CLIENT_CERTIFICATE_PATH (empty when only its password is set), AZURE_CLIENT_SEND_CERTIFICATE_CHAIN, and the application that AZURE_CLIENT_ID
 * names.
 */
export type EnvironmentCertificate = { path: string; password: string | undefined; sendChain: boolean; clientId: string | undefined }

export type EnvironmentCredentials = {
  secretFor(profile: Profile): string | undefined
  /** The certificate, or why it cannot be used; undefined when none is named for this profile. */
  certificateFor(profile: Profile): (KeyAndChain & { sendChain: boolean }) | HallpassError | undefined
  /** Why the certificate that a profile would use cannot be used. */
  trouble: HallpassError | undefined
}

export type EnvironmentGiven = {
  environmentSecret: EnvironmentSecret | undefined
  environmentCertificate?: EnvironmentCertificate | undefined
}

/** Reads the certificate's file, once, when one of the profiles would use it. */
export async function readEnvironment(
  { environmentSecret: secret, environmentCertificate: certificate }: EnvironmentGiven,
  profiles: readonly Profile[],
  now: number,
): Promise<EnvironmentCredentials> {
  const wanted = certificate?.path && profiles.some(profile => profile.credential === 'certificate' && isFor(certificate, profile))
  const material = wanted ? await readOrReason(certificate, now) : undefined
  return {
    secretFor: profile => (secret && isFor(secret, profile) ? secret.secret : undefined),
    trouble: material instanceof HallpassError ? material : undefined,
    certificateFor: profile => (material && certificate && isFor(certificate, profile) ? material : undefined),
  }
}

async function readOrReason({ path, password, sendChain }: EnvironmentCertificate, now: number) {
  try {
    const material = await readCertificateFiles([path], password)
    checkCertificate(material, now)
    return { ...material, sendChain }
  } catch (error) {
    const { summary, remedy } = asHallpassError(error)
    return new HallpassError('environment-certificate', { what: summary, fix: remedy }, { cause: error })
  }
}

function isFor({ clientId }: { clientId: string | undefined }, profile: Profile): boolean {
  return clientId === undefined || clientId.toLowerCase() === profile.clientId.toLowerCase()
}
