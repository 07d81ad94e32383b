// What the guard cannot close on this machine, in sentences for whoever asks how safe it is.
import { readFileSync } from 'node:fs'
import type { PeerCheck } from './peer-check.ts'

export type RiskSurroundings = {
  peerCheck: Pick<PeerCheck, 'state' | 'peers'>
  keyRequired: boolean
  /** Other people who can log in; undefined where that is unknown. */
  otherPeople: number | undefined
  platform: NodeJS.Platform
  allowUids: readonly number[]
  /** The texts of /proc/self/limits and coredump_filter, where there are any. */
  core?: { limits: string | undefined; filter: string | undefined }
}

/** None on a machine where everything can be checked. */
export function remainingRisks({
  peerCheck,
  keyRequired,
  otherPeople,
  platform,
  allowUids,
  core = readCore(),
}: RiskSurroundings): string[] {
  const risks: string[] = []
  const who =
    otherPeople === undefined
      ? 'Whoever else can run programs here'
      : otherPeople === 1
        ? 'The other person'
        : `The ${otherPeople} other people`
  const remedy = 'ask for a key: `"access": { "key": "required" }`'
  if (peerCheck.state !== 'on' && !keyRequired && otherPeople !== 0)
    risks.push(`${who} on this machine can send requests with your sign-in. If that is not you alone, ${remedy}.`)
  if (peerCheck.state === 'on' && peerCheck.peers.mode === 'lenient' && !keyRequired)
    risks.push(`Any Windows program can send requests with your sign-in, whichever Windows user runs it. On a shared machine, ${remedy}.`)
  if (allowUids.length > 0 && !keyRequired)
    risks.push(`Programs of the users ${allowUids.join(', ')} are served as yours are, and so is whatever they relay.`)
  if (platform === 'darwin' || platform === 'win32') risks.push('hallpass has not been tried on this system.')
  if (dumpsCore(core)) risks.push('A crash may write memory, tokens included, to a core file: start hallpass after `ulimit -c 0`.')
  return risks
}

function readCore(): NonNullable<RiskSurroundings['core']> {
  return { limits: readIfThere('/proc/self/limits'), filter: readIfThere('/proc/self/coredump_filter') }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/** The soft limit is the one that counts (proc(5)); with an empty filter a core file holds no memory (core(5)). */
function dumpsCore({ limits, filter }: NonNullable<RiskSurroundings['core']>): boolean {
  const soft = /^Max core file size +(\S+)/m.exec(limits ?? '')?.[1]
  return soft !== undefined && soft !== '0' && !/^0+$/.test(filter?.trim() ?? '')
}
