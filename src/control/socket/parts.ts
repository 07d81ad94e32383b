// What the routes of the control socket work on.
import Type from 'typebox'
import type { Broker } from '../../broker/broker.ts'
import type { Config } from '../../config/config.ts'
import type { SecretReport, StatusReport } from '../client/wire.ts'

/** Client secrets in the vault. */
export type SecretKeeper = {
  set(profile: string, secret: string): Promise<void>
  remove(profile: string): Promise<boolean>
  list(): SecretReport[]
}

export type SocketApiParts = {
  /** The broker and the configuration in force. */
  current: () => { broker: Broker; config: Config; secrets: SecretKeeper }
  status: () => Promise<StatusReport>
  /** Ends the daemon, after this answer is out. */
  stop: () => void
}

/** A name in a request's body. */
export const name = Type.String({ minLength: 1, maxLength: 200 })
/** No body has other members than those that its definition names. */
export const strict = { additionalProperties: false }
