// Which callers are served, once the head of their request is in order: users of this machine, and who shows the key where one is asked for.
import type { Socket } from 'node:net'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { CallerKey } from './caller-key.ts'
import type { Head } from './head.ts'
import { judgePeer, type Peers } from './peers.ts'

export type Admission = {
  peers: Peers
  /** Users beside our own who are served, by their numbers. */
  allowUids: ReadonlySet<number>
  /** Undefined when requests need no key. */
  key: CallerKey | undefined
  /** The key of the control API under `/-/api/`, which always needs one. */
  apiKey: CallerKey
  /** Where the keys lie, by the port that is known once the daemon listens. */
  fileOf: (key: 'caller' | 'api') => string
}

/** The refusal of a user of this machine, or undefined: a configuration may have changed since the connection was let in. */
export function judgeUser(socket: Socket, { peers, allowUids }: Admission): HallpassError | undefined {
  return judgePeer(socket, peers, allowUids)
}

/** Refuses a request without the key where one is asked for. */
export function judgeKey(head: Head, { key, fileOf }: Admission): HallpassError | undefined {
  return key === undefined || key.matches(head.key) ? undefined : keyRequired(fileOf('caller'))
}

/** Refuses a request to the control API without its own key: the one for services opens only these. */
export function judgeApiKey(head: Head, { apiKey, fileOf }: Admission): HallpassError | undefined {
  return apiKey.matches(head.key) ? undefined : keyRequired(fileOf('api'))
}

function keyRequired(file: string): HallpassError {
  return new HallpassError('key-required', { file }, { fields: { 'WWW-Authenticate': 'Hallpass-Key realm="hallpass"' } })
}
