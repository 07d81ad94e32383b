// Opens the user's browser, where there is a desktop to open it on.
import { spawn } from 'node:child_process'
import open, { type AppName, apps } from 'open'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { OpenBrowser } from '../terms/edges.ts'
import { mayOpen } from '../terms/page-to-open.ts'
import type { Profile } from '../terms/profile.ts'

type Browser = NonNullable<Profile['browser']>
type Environment = Readonly<Record<string, string | undefined>>

/** `$BROWSER` is used when it is set, as xdg-open does; otherwise the system's browser. No shell sees the URL. */
export function createOpenBrowser(platform: NodeJS.Platform, env: Environment): OpenBrowser {
  const browser = env.BROWSER?.trim().split(/\s+/).filter(Boolean) ?? []
  return async (url, origin, wanted) => {
    refuseUnsafe(url, origin)
    if (wanted === 'none' || env.HALLPASS_NO_USER || !(browser.length > 0 || hasDesktop(platform, env))) return false
    const [command, ...args] = browser
    await (command ? launch(command, [...args, url], env) : launchSystemBrowser(url, wanted && appNames[wanted]))
    return true
  }
}

function refuseUnsafe(url: string, origin: string): void {
  if (!mayOpen(url, origin)) throw new HallpassError('internal', { what: 'a URL of another place than ours was about to be opened' })
}

function hasDesktop(platform: NodeJS.Platform, env: Environment): boolean {
  if (platform !== 'linux') return !env.SSH_CONNECTION
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME)
}

const appNames: Readonly<Record<Exclude<Browser, 'none'>, AppName>> = {
  chrome: 'chrome',
  edge: 'edge',
  firefox: 'firefox',
  brave: 'brave',
  private: 'browserPrivate',
}

async function launchSystemBrowser(url: string, app: AppName | undefined): Promise<void> {
  const child = await open(url, app ? { app: { name: apps[app] } } : {})
  // The launcher may still fail after it started; the link has been printed all the same.
  child.once('error', () => undefined)
}

function launch(command: string, args: string[], env: Environment): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true, env: { ...env } })
    child.once('error', reject)
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
