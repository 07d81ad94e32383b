// Runs the real program as a user would, in a home folder of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export type Home = { path: string; env: Record<string, string>; remove(): void }

/** An empty home folder and the environment that points there. Without a desktop, a keyring or a proxy unless `env` adds one. */
export function createHome(env: Record<string, string> = {}): Home {
  const path = mkdtempSync(join(tmpdir(), 'hallpass-test-'))
  const folder = (name: string) => {
    mkdirSync(join(path, name), { mode: 0o700 })
    return join(path, name)
  }
  return {
    path,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: path,
      XDG_RUNTIME_DIR: folder('run'),
      XDG_STATE_HOME: folder('state'),
      XDG_CONFIG_HOME: folder('config'),
      ...env,
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Writes the home's configuration file and gives its path. */
export function writeConfig(home: Home, config: object | string): string {
  const folder = join(home.path, 'config', 'hallpass')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'hallpass.jsonc')
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2), { mode: 0o600 })
  return file
}

export type Ended = { code: number | null; stdout: string; stderr: string }

export type Run = {
  child: ChildProcess
  pid: number
  stdout(): string
  stderr(): string
  /** Resolves with the first match in what the program prints on either stream; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  ended: Promise<Ended>
}

const program = resolve('dist/src/main.js')

/** Starts `hallpass …args`. */
export function runHallpass(home: Home, args: string[], options: { env?: Record<string, string>; nodeArgs?: string[] } = {}): Run {
  return runNode(home, [...(options.nodeArgs ?? []), program, ...args], options.env)
}

/** Starts Node in the home's environment. */
export function runNode(home: Home, args: string[], env: Record<string, string> = {}): Run {
  // Through `env`, without the NODE_OPTIONS that the test runner gives every Node child: a user's process has none. The process ID is the child's.
  const options = env.NODE_OPTIONS === undefined ? ['-u', 'NODE_OPTIONS'] : [`NODE_OPTIONS=${env.NODE_OPTIONS}`]
  const child = spawn('env', [...options, process.execPath, ...args], {
    env: { ...home.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
      for (const look of watchers) look()
    })
  }
  const ended = new Promise<Ended>((done, failed) => {
    child.once('error', failed)
    child.once('close', code => done({ code, ...text }))
  })
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((done, failed) => {
      const look = () => {
        const match = pattern.exec(text.stdout) ?? pattern.exec(text.stderr)
        if (match) done(match)
      }
      watchers.add(look)
      look()
      ended.then(({ code }) => failed(new Error(`ended with ${code} before it printed ${pattern}:\n${text.stdout}${text.stderr}`)), failed)
    })
  return { child, pid: child.pid ?? -1, stdout: () => text.stdout, stderr: () => text.stderr, printed, ended }
}

/** Runs `hallpass …args` to its end. */
export function hallpass(home: Home, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return runHallpass(home, args, { env }).ended
}

export type RunningDaemon = Run & { url: string; port: number; stop(): Promise<Ended> }

/** Starts a daemon (`start` or `try`) and waits for its ready line. */
export async function startDaemon(
  home: Home,
  args: string[],
  options: { env?: Record<string, string>; nodeArgs?: string[] } = {},
): Promise<RunningDaemon> {
  const run = runHallpass(home, args, options)
  const [, url = '', port = ''] = await run.printed(/^Ready: (http:\/\/localhost:(\d+))$/m)
  return {
    ...run,
    url,
    port: Number(port),
    stop: () => {
      run.child.kill('SIGTERM')
      return run.ended
    },
  }
}

/**
 * A `$BROWSER` that opens nothing and notes each URL; `opened` reads what it noted, `opening` waits for the first. With `stays` it runs on until it is
 * killed, as browsers do.
 */
export function recordingBrowser(
  home: Pick<Home, 'path'>,
  { stays = false } = {},
): {
  env: Record<string, string>
  opened(): string[]
  opening(): Promise<string>
  file: string
  /** What its arguments name. */
  script: string
} {
  const file = join(home.path, 'opened-urls')
  const script = join(home.path, 'browser.mjs')
  writeFileSync(file, '')
  const staying = stays ? 'setInterval(() => undefined, 60_000)\n' : ''
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(file)}, process.argv[2] + '\\n')\n${staying}`,
  )
  const opened = () => readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return {
    env: { BROWSER: `${process.execPath} ${script}` },
    opened,
    opening: async () => {
      const watcher = watch(file)
      const [first] = opened()
      if (first !== undefined) return first
      for await (const _change of watcher) {
        const [url] = opened()
        if (url !== undefined) return url
      }
      throw new Error('the file is no longer watched')
    },
    file,
    script,
  }
}
