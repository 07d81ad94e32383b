// Runs commands in the test's own process, as a person at a terminal or a script would meet them.
import { takeAzureCredentials } from '../../src/cli/azure-credentials.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import type { Home } from './hallpass.ts'

export type Said = { code: number; out: string; err: string }

export type Circumstances = {
  /** What is piped in, where a secret is read. */
  input?: string
  /** A person is there: what they type at each prompt and question. */
  typed?: string[]
  env?: Record<string, string>
}

export type Command = (argv: readonly string[], circumstances?: Circumstances) => Promise<Said>

/** `hallpass …argv` in this home. */
export function commandIn(home: Home): Command {
  return async (argv, { input = '', typed, env = {} } = {}) => {
    const said = { out: '', err: '' }
    const answers = [...(typed ?? [])]
    const answer = async (question: string) => {
      said.err += question
      return answers.shift() ?? ''
    }
    const environment = { ...home.env, ...env }
    const io: Io = {
      argv,
      ...takeAzureCredentials(environment),
      env: environment,
      platform: process.platform,
      home: home.path,
      cwd: home.path,
      pid: process.pid,
      isAlive: pid => pid === process.pid,
      version: 'test',
      out: text => void (said.out += text),
      err: text => void (said.err += text),
      readSecret: typed ? answer : async () => input,
      outIsTerminal: typed !== undefined,
      errIsTerminal: typed !== undefined,
      inIsTerminal: typed !== undefined,
      ask: answer,
      interruption: () => new Promise(() => undefined),
    }
    return { code: await run(io), ...said }
  }
}
