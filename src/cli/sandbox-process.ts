// The sandbox as a child process that ends when we end.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Io } from './io.ts'

/** The line with which the sandbox says that it is up. */
export type ReadySandbox = {
  identity: { url: string; tenantId: string; clientId: string }
  fhir: { url: string; audience: string }
  dicom: { url: string; audience: string }
}

export type SandboxProcess = {
  ready: ReadySandbox
  /** Rejects with sandbox-failed when the sandbox ends before it is told to. */
  ended: Promise<never>
  stop(): void
}

/** Starts the sandbox with these arguments and waits until it is up. Rejects with sandbox-failed, or usage when it does not know an argument. */
export async function startSandboxProcess(
  { env, platform, err }: Pick<Io, 'env' | 'platform' | 'err'>,
  args: readonly string[],
): Promise<SandboxProcess> {
  const entry = fileURLToPath(new URL('../sandbox/sandbox.bundle.js', import.meta.url))
  if (!existsSync(entry)) throw new HallpassError('sandbox-failed', { what: 'it is not built.' })
  const child = spawn(process.execPath, [entry, '--until-stdin-ends', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: neededBy(platform, env),
  })
  let said = ''
  let up = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (up) err(text)
    else said += text
  })
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', cause => reject(new HallpassError('sandbox-failed', { what: 'its process could not be started.' }, { cause })))
    child.once('close', (code, signal) => reject(asFailure(code, signal, up ? '' : said.trim().replace(/^sandbox: /, ''))))
  })
  ended.catch(() => undefined)
  const ready = await Promise.race([readyLine(child.stdout), ended])
  up = true
  err(said)
  return { ready, ended, stop: () => child.stdin.end() }
}

/** A sandbox that ends with 2 was given what it does not know. */
function asFailure(code: number | null, signal: NodeJS.Signals | null, said: string): HallpassError {
  if (code === 2 && said) return new HallpassError('usage', { what: said.replace(/ \(see --help\)$/, '.'), command: 'hallpass try' })
  return new HallpassError('sandbox-failed', { what: said || `its process ended (${signal ?? code}).` })
}

async function readyLine(stdout: NodeJS.ReadableStream): Promise<ReadySandbox> {
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line) as ReadySandbox
  // The child's end rejects `ended`, which says more than this could.
  return new Promise(() => undefined)
}

function neededBy(platform: NodeJS.Platform, env: Io['env']): Record<string, string> {
  const names = platform === 'win32' ? ['SYSTEMROOT', 'TEMP', 'TMP', 'PATH'] : ['PATH', 'TMPDIR', 'LANG']
  return Object.fromEntries(names.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}
