#!/usr/bin/env node
// The process: argv, signals, exit code. Everything else gets what it needs from here.
import { readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { createInterface } from 'node:readline'
import { takeAzureCredentials } from './cli/azure-credentials.ts'
import type { Io } from './cli/io.ts'
import { readSecret } from './cli/read-secret.ts'
import { run } from './cli/run.ts'
import { HallpassError } from './errors/hallpass-error.ts'
import { renderForTerminal } from './errors/render.ts'

// By default SIGUSR1 opens the inspector, through which any program on this machine could read tokens from memory.
process.on('SIGUSR1', () => undefined)
let outputLost = false
/** Ends in order what runs until it is interrupted, such as a daemon. */
let interrupt: ((reason: string) => void) | undefined
process.stdout.on('error', outputFailed)
// Where nothing can be said, nothing is: a disk that is full or a terminal that is gone ends no daemon.
process.stderr.on('error', endWithReader)

await refuseWindows()
keepOutOfCores()

const credentials = takeAzureCredentials(process.env)

const io: Io = {
  argv: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  home: homedir(),
  cwd: workingDirectory(),
  pid: process.pid,
  isAlive,
  version: versionOf(new URL('../../package.json', import.meta.url)),
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  ...credentials,
  readSecret: prompt => readSecret(process.stdin, process.stderr, prompt),
  outIsTerminal: process.stdout.isTTY === true,
  columns: process.stdout.columns,
  errIsTerminal: process.stderr.isTTY === true,
  inIsTerminal: process.stdin.isTTY === true,
  ask,
  interruption,
}

const exitCode = await run(io)
process.exitCode = outputLost ? exitCode || 1 : exitCode

/** An inspector or a heap snapshot on signal shows whoever asks, or whoever finds the file, every token in memory; a TLS key log every one that was sent. */
async function refuseWindows(): Promise<void> {
  const given = [...process.execArgv, ...optionsOf(process.env.NODE_OPTIONS ?? '')]
  // Node takes `_` for `-` in an option's name.
  const options = given.map(option => option.replaceAll('_', '-'))
  const opening = options.find(option => /^--(?:inspect(?!-port|-publish)|heapsnapshot|heap-prof|tls-keylog)/.test(option))
  // An editor may open the inspector from a module that it preloads; some builds of Node have none.
  const url = process.features.inspector ? (await import('node:inspector')).url() : undefined
  if (opening === undefined && url === undefined) return
  const error = new HallpassError('memory-open', { option: opening?.split('=')[0] ?? 'an inspector' })
  process.stderr.write(renderForTerminal(error))
  process.exit(error.entry.exitCode)
}

/** The options in NODE_OPTIONS as Node reads them: double quotes hold together and vanish, and within them a backslash escapes. */
function optionsOf(text: string): string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/gs) ?? []
  return words.map(word => word.replace(/"(?:\\.|[^"\\])*"?/gs, quoted => quoted.replace(/\\(.)|"/gs, (_, escaped = '') => escaped)))
}

function interruption(): Promise<string> {
  return new Promise(resolve => {
    interrupt = resolve
    const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) {
      process.on(signal, () => {
        resolve(signal)
        // Whoever asks twice means it.
        process.once(signal, () => process.exit(1))
      })
    }
  })
}

/** Signal 0 is none: it only asks. EPERM comes from a process of somebody else's. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A core dump of ours holds no memory, and so no token (core(5), "Controlling which mappings are written"). Children inherit it. */
function keepOutOfCores(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch (error) {
    // Another system, or a /proc that is missing or closed to us.
    if (!['ENOENT', 'EACCES', 'EPERM', 'EROFS'].includes(String((error as NodeJS.ErrnoException).code))) throw error
  }
}

function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) return Promise.resolve('')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise(resolve => {
    const leave = () => {
      process.stderr.write('\n')
      resolve('')
    }
    // Ctrl-C and Ctrl-D at a question are an answer: none.
    lines.once('close', leave)
    lines.question(question, answer => {
      lines.off('close', leave)
      lines.close()
      resolve(answer)
    })
  })
}

/** The home folder stands in for a working directory that was removed. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return homedir()
  }
}

function versionOf(packageFile: URL): string {
  return (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version
}

/** A command whose output is lost has failed. */
function outputFailed(error: NodeJS.ErrnoException): void {
  endWithReader(error)
  if (error.code === 'EPIPE' || outputLost) return
  outputLost = true
  process.exitCode = 1
  process.stderr.write(renderForTerminal(new HallpassError('output-unwritable', { why: String(error.code) })))
}

/** Whoever reads our output may leave early, as `head` does. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === undefined) throw error
  if (error.code !== 'EPIPE') return
  if (interrupt) interrupt('nobody reads its output any more')
  else process.exit(0)
}
