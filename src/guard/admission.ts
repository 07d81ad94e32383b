// Which callers are served, once the head of their request is in order: users of this machine.
import type { Socket } from 'node:net'
import type { HallpassError } from '../errors/hallpass-error.ts'
import { judgePeer, type Peers } from './peers.ts'

export type Admission = {
  peers: Peers
  /** Users beside our own who are served, by their numbers. */
  allowUids: ReadonlySet<number>
}

/** The refusal of a caller, or undefined. To be asked once `peerPending` says undefined. */
export function judgeCaller(socket: Socket, { peers, allowUids }: Admission): HallpassError | undefined {
  return judgePeer(socket, peers, allowUids)
}
