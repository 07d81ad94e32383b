// The guard's parts: what the configuration lets in, and what this machine can tell about callers.
import { release } from 'node:os'
import type { Config } from '../config/config.ts'
import type { Settings } from '../config/schema.ts'
import type { Admission } from '../guard/admission.ts'
import type { Policy } from '../guard/judge.ts'
import { type PeerCheck, startPeerCheck } from '../guard/peer-check.ts'
import type { Edges } from './edges.ts'

/** Finds out whether the users behind connections can be told here. */
export function composePeerCheck(settings: Settings, { platform }: Edges): Promise<PeerCheck> {
  return startPeerCheck({
    platform,
    uid: process.geteuid?.(),
    isWsl: /microsoft/i.test(release()),
    wanted: settings['access.peerCheck'] === 'on',
  })
}

/** What the guard is told by a configuration. */
export function composePolicy({ settings }: Config, ownPort: () => number): Policy {
  return {
    get port() {
      return ownPort()
    },
    allowedOrigins: new Set(settings['access.allowedOrigins']),
    extraHosts: new Set(settings['access.hosts']),
  }
}

export function composeAdmission({ settings }: Config, { peers }: PeerCheck): Admission {
  return { peers, allowUids: new Set(settings['access.allowUids']) }
}
