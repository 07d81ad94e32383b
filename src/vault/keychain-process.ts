// Runs one keychain child: asks, waits no longer than it may, kills.
import type { ChildProcessByStdio, SpawnOptions } from 'node:child_process'
import { spawn as spawnProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Clock } from '../terms/edges.ts'
import { absent } from './keychain-errors.ts'
import type { KeychainAnswer, KeychainRequest } from './keychain-messages.ts'

type Child = ChildProcessByStdio<Writable, Readable, null>
export type SpawnChild = (command: string, args: readonly string[], options: SpawnOptions) => Child

export type ChildEdges = {
  /** Absolute path of the emitted `keychain-child` file. */
  childPath: string
  /** The environment to choose from; only what a keychain needs is passed on. */
  env: Readonly<Record<string, string | undefined>>
  clock: Clock
  spawn?: SpawnChild
}

// Threat: our own environment may hold client secrets, and NODE_OPTIONS would load foreign code into the process that handles the vault.
const passedOn = new RegExp(
  '^(DBUS_SESSION_BUS_ADDRESS|XDG_\\w+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|HOME|USER|LOGNAME|LANG|LC_\\w+|PATH|LD_LIBRARY_PATH|' +
    '__CF_USER_TEXT_ENCODING|TMPDIR|TEMP|TMP|SYSTEMROOT|SYSTEMDRIVE|WINDIR|USERNAME|USERDOMAIN|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA)$',
  'i',
)

/**
 * One question to a child of its own, which is killed after `limitMs` milliseconds.
 * Rejects with `vault-timeout`, or with `vault-absent` when the child did not start or ended without an answer.
 */
export function askKeychain(request: KeychainRequest, limitMs: number, edges: ChildEdges): Promise<KeychainAnswer> {
  const spawn: SpawnChild = edges.spawn ?? (spawnProcess as SpawnChild)
  const env = Object.fromEntries(Object.entries(edges.env).filter(([name]) => passedOn.test(name)))
  const child = spawn(process.execPath, [edges.childPath], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true })
  return new Promise((resolve, reject) => {
    const timer = edges.clock.after(limitMs, () => {
      child.kill('SIGKILL')
      reject(new HallpassError('vault-timeout', { seconds: limitMs / 1000 }))
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', part => {
      said += part
    })
    child.once('error', error => {
      timer.cancel()
      reject(absent(`the process that talks to it did not start (${error.message})`))
    })
    child.once('close', (exitCode, signal) => {
      timer.cancel()
      const answer = parseAnswer(said)
      if (answer) resolve(answer)
      else reject(absent(`the process that talks to it ended without an answer (${signal ?? exitCode})`))
    })
    child.stdin.on('error', () => child.kill('SIGKILL'))
    // Left open: its end tells the child that we are gone.
    child.stdin.write(`${JSON.stringify(request)}\n`)
  })
}

function parseAnswer(said: string): KeychainAnswer | undefined {
  try {
    return JSON.parse(said)
  } catch {
    return undefined
  }
}
