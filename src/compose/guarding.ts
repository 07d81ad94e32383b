// The guard's parts: what the configuration lets in, what this machine can tell about callers, and the keys of this run.
import { release } from 'node:os'
import type { Config } from '../config/config.ts'
import type { Settings } from '../config/schema.ts'
import { keyFile } from '../control/client/key-files.ts'
import type { AccessReport } from '../control/client/wire.ts'
import { createRunKeys, type RunKeys } from '../daemon/run-keys.ts'
import type { Admission } from '../guard/admission.ts'
import { needsKey } from '../guard/caller-key.ts'
import type { Policy } from '../guard/judge.ts'
import { countOtherPeople } from '../guard/other-people.ts'
import { type PeerCheck, startPeerCheck } from '../guard/peer-check.ts'
import { remainingRisks } from '../guard/remaining-risks.ts'
import type { Edges } from './edges.ts'

/** What is found out once, at the start. */
export type Guarding = {
  peerCheck: PeerCheck
  /** How many other people can log in; undefined where that is unknown. */
  otherPeople: number | undefined
  platform: NodeJS.Platform
  keys: RunKeys
  /** Where the keys lie, once the port is known. */
  fileOf: (key: 'caller' | 'api') => string
}

/** Finds out whether the users behind connections can be told here, and makes the keys of this run. */
export async function startGuarding(settings: Settings, { platform, paths, random }: Edges, ownPort: () => number): Promise<Guarding> {
  const uid = process.geteuid?.()
  const wanted = settings['access.peerCheck'] === 'on'
  const peerCheck = await startPeerCheck({ platform, uid, isWsl: /microsoft/i.test(release()), wanted })
  const otherPeople = platform === 'linux' ? await countOtherPeople(uid) : undefined
  return { peerCheck, otherPeople, platform, keys: createRunKeys(random), fileOf: key => keyFile(paths.runtime, key, ownPort()) }
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

export function composeAdmission({ settings }: Config, guarding: Guarding): Admission {
  const { peerCheck, keys, fileOf } = guarding
  return {
    peers: peerCheck.peers,
    allowUids: new Set(settings['access.allowUids']),
    key: isKeyNeeded(settings, guarding) ? keys.caller : undefined,
    apiKey: keys.api,
    fileOf,
  }
}

/** Who is let in, and what remains open. */
export function reportAccess({ settings }: Config, guarding: Guarding): AccessReport {
  const { peerCheck, otherPeople, platform, fileOf } = guarding
  const required = isKeyNeeded(settings, guarding)
  return {
    peerCheck: { state: peerCheck.state, why: peerCheck.why },
    key: { required, file: required ? fileOf('caller') : null },
    allowedOrigins: settings['access.allowedOrigins'],
    hosts: settings['access.hosts'],
    allowUids: settings['access.allowUids'],
    risks: remainingRisks({ peerCheck, keyRequired: required, otherPeople, platform, allowUids: settings['access.allowUids'] }),
  }
}

function isKeyNeeded(settings: Settings, { peerCheck, otherPeople }: Guarding): boolean {
  return needsKey(settings['access.key'], peerCheck, otherPeople)
}
