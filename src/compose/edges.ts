// What the daemon takes from outside, and the real ones.
import { randomBytes } from 'node:crypto'
import { type Paths, pathsOf } from '../config/paths.ts'
import type { Environment } from '../config/settings.ts'
import { createOpenBrowser } from '../daemon/open-browser.ts'
import { describeEvent, type Tell } from '../journal/events.ts'
import { logLine } from '../journal/log-line.ts'
import type { Clock, OpenBrowser, Random } from '../terms/edges.ts'
import { printableLines } from '../terms/printable.ts'
import { redact } from '../terms/redaction.ts'
import type { EnvironmentGiven } from './credentials/environment.ts'

export type Edges = EnvironmentGiven & {
  clock: Clock
  random: Random
  openBrowser: OpenBrowser
  env: Environment
  platform: NodeJS.Platform
  pid: number
  /** Whether a process with this ID runs. */
  isAlive(pid: number): boolean
  /** Asks a person for a secret, which is not shown; undefined when nobody is there to be asked. */
  askSecret: ((question: string) => Promise<string>) | undefined
  version: string
  paths: Paths
  tell: Tell
}

/** What the process knows of itself and its surroundings. */
export type Surroundings = Pick<Edges, 'env' | 'platform' | 'pid' | 'isAlive' | 'version' | keyof EnvironmentGiven> & {
  home: string
  inIsTerminal: boolean
  readSecret(question: string): Promise<string>
  err(text: string): void
}

/** The real edges: the system's clock, randomness and browser; events as lines on stderr. */
export function systemEdges(surroundings: Surroundings, log: 'text' | 'json' = 'text'): Edges {
  const { env, platform, pid, isAlive, version, environmentSecret, environmentCertificate, home, err } = surroundings
  const somebody = surroundings.inIsTerminal && !env.HALLPASS_NO_USER
  return {
    clock: systemClock,
    random: bytes => randomBytes(bytes).toString('base64url'),
    openBrowser: createOpenBrowser(platform, env),
    env,
    platform,
    pid,
    isAlive,
    askSecret: somebody ? surroundings.readSecret : undefined,
    version,
    environmentSecret,
    environmentCertificate,
    paths: pathsOf(platform, env, home),
    tell: event => {
      if (log === 'json') err(logLine(event, systemClock.now(), true))
      else if (event.event !== 'exchange') err(printableLines(`${redact(describeEvent(event))}\n`))
    },
  }
}

const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms).unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
