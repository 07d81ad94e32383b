// What the routes of the control socket work on.
import Type from 'typebox'
import type { Broker } from '../../broker/broker.ts'
import type { Config } from '../../config/config.ts'
import type { CertificateFacts, CertificateReport, CertificateRequest, SecretReport, StatusReport } from '../client/wire.ts'
import type { ExplainParts } from '../explain-page.ts'

/** The credentials of the profiles, as far as the command line has to do with them. */
export type CredentialKeeper = {
  secrets: {
    set(profile: string, secret: string, expires?: number): Promise<SecretReport>
    remove(profile: string, only?: 'previous'): Promise<number>
    list(): SecretReport[]
  }
  certificates: {
    add(profile: string, material: Omit<CertificateRequest, 'profile'>): Promise<CertificateReport>
    remove(profile: string, only?: string): Promise<CertificateFacts['thumbprints'][]>
    list(): CertificateReport[]
  }
}

export type SocketApiParts = {
  /** The broker and the configuration in force. */
  current: () => { broker: Broker; config: Config; credentials: CredentialKeeper; explain: ExplainParts }
  status: () => Promise<StatusReport>
  /** Proves that we know the key of this run. */
  prove: (nonce: string) => string
  /** Ends the daemon, after this answer is out. */
  stop: () => void
}

/** A name in a request's body. */
export const name = Type.String({ minLength: 1, maxLength: 200 })
/** No body has other members than those that its definition names. */
export const strict = { additionalProperties: false }
