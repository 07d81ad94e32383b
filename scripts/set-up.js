// Leaves the tree ready to build and test. Plain JavaScript with only node: imports: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const stamp = 'node_modules/.set-up'

/** Debian packages that tests drive, each with the program by which we know that it is there, or with a file when it has none. */
const debianPackages = {
  'gnome-keyring': 'gnome-keyring-daemon',
  dbus: 'dbus-run-session',
  'libsecret-tools': 'secret-tool',
  chromium: 'chromium',
  wrk: 'wrk',
  curl: 'curl',
  python3: 'python3',
  orthanc: 'Orthanc',
  'orthanc-dicomweb': '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
  dcmtk: 'dcmdump',
  openssl: 'openssl',
  iproute2: 'ip',
}

/** Those that only the full run drives. */
const debianPackagesOfFullRun = { keepassxc: 'keepassxc' }

/** Leaves node_modules as the lock file says; does nothing when that is done already. */
export function setUp() {
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).update(readFileSync('package.json')).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm']
  run(...npm, 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error')
  writeFileSync(stamp, wanted)
}

/** Installs the Debian packages that tests drive and that are missing, when this user may, beside whatever else runs; the tests say what they lack. */
export async function setUpDebian({ full } = {}) {
  const wanted = { ...debianPackages, ...(full && debianPackagesOfFullRun) }
  const missing = Object.keys(wanted).filter(name => !isInstalled(wanted[name]))
  if (missing.length === 0 || !isOnPath('apt-get')) return
  const asRoot = process.getuid?.() === 0 ? '' : isOnPath('sudo') ? 'sudo -n ' : undefined
  if (asRoot === undefined) {
    process.stderr.write(`Some tests need Debian packages: apt-get install --no-install-recommends ${missing.join(' ')}\n`)
    return
  }
  // One command, which goes on while the build blocks this process; a run that comes while it still goes on waits for its lock.
  const steps = ['update -qq', `install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 ${missing.join(' ')}`].map(
    step => `${asRoot}apt-get ${step}`,
  )
  const apt = spawn('sh', ['-c', steps.join(' && ')], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const status = await new Promise(resolve => apt.once('error', resolve).once('close', resolve))
  if (status !== 0) process.stderr.write(`Could not install ${missing.join(' ')}; the tests that need them will fail.\n`)
}

/** Runs a step with its output on stderr, and ends as it ended when it failed. */
export function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function isInstalled(programOrFile) {
  return programOrFile.startsWith('/') ? existsSync(programOrFile) : isOnPath(programOrFile)
}

function isOnPath(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some(folder => existsSync(`${folder}/${program}`))
}
