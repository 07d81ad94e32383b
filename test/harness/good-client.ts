// A client that behaves while a daemon is attacked, in a process of its own: what it sees is the daemon's doing, not the attacker's.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export type GoodTimes = {
  /** Answers other than 200, by status or what went wrong. */
  refused: (number | string)[]
  served: number
  /** Milliseconds within which 99 of 100 answers came. */
  p99: number
}

export type GoodClient = {
  /** The service that it asks, for the route `/good`. */
  origin: string
  /** Asks from now on, `least` times and until the function is called. */
  begin(port: number, least: number): () => Promise<GoodTimes>
}

const program = fileURLToPath(import.meta.resolve('../fixtures/good-client-process.js'))

/** Ends with the test. */
export async function startGoodClient(t: Test): Promise<GoodClient> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.stdin.end())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? 'null')
  return {
    origin: `http://127.0.0.1:${await next()}`,
    begin: (port, least) => {
      child.stdin.write(`${port} ${least}\n`)
      return () => {
        child.stdin.write('end\n')
        return next()
      }
    },
  }
}
