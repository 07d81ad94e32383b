// What a command gets from its process, so that no command touches the process itself.
import type { Environment } from '../config/settings.ts'

export type Io = {
  /** Arguments after the program's name. */
  argv: readonly string[]
  env: Environment
  platform: NodeJS.Platform
  /** The user's home folder. */
  home: string
  /** The working directory. */
  cwd: string
  pid: number
  /** Whether a process with this ID runs. */
  isAlive(pid: number): boolean
  version: string
  /** Writes data: what the command was asked for. */
  out(text: string): void
  /** Writes prompts, progress and failures. */
  err(text: string): void
  /** The client secret of AZURE_CLIENT_SECRET, which is no longer in `env`. */
  environmentSecret: { secret: string; clientId: string | undefined } | undefined
  /** What AZURE_CLIENT_CERTIFICATE_PATH and its companions say; the password is no longer in `env`. An empty path: only the password is set. */
  environmentCertificate?: { path: string; password: string | undefined; sendChain: boolean; clientId: string | undefined } | undefined
  /** A secret: what is piped in, or typed at the prompt without being shown. */
  readSecret(prompt: string): Promise<string>
  outIsTerminal: boolean
  /** How wide the terminal is to which `out` writes; undefined when it is none. */
  columns?: number | undefined
  errIsTerminal: boolean
  inIsTerminal: boolean
  /** Writes a question to stderr and resolves with the line that the person types; with the empty line when stdin is no terminal, or ends. */
  ask(question: string): Promise<string>
  /** From the first call on, Ctrl-C and the end of the session no longer kill the process: they resolve the promise. */
  interruption(): Promise<string>
}

/** Exit codes, the same for every command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notRunning: 3, signInNeeded: 4 } as const

export type Command = (io: Io, args: Arguments) => Promise<number>

/** A command line, taken apart by the command's definition. */
export type Arguments = { flags: Readonly<Record<string, string | undefined>>; switches: ReadonlySet<string>; words: readonly string[] }
