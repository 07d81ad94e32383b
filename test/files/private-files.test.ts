// Private files: 0700 and 0600 under any umask, no link followed, nothing of another user's taken.
import { spawnSync } from 'node:child_process'
import fs, {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  checkPrivateFolder,
  readPrivateFile,
  removePrivateFile,
  replacePrivateFile,
  securePrivateFolder,
} from '../../src/files/private-files.ts'
import { watching } from '../fixtures/builtins.ts'

const unsafe = (message: RegExp) => ({ code: 'state-folder-unsafe', message })
const isRoot = process.geteuid?.() === 0
/** A user that no machine has. */
const stranger = 61_001

function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-files-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('a folder is made closed, or has to be', async t => {
  const folder = temporaryFolder(t)
  const fresh = join(folder, 'a', 'b')
  t.equal(checkPrivateFolder(fresh), false)
  securePrivateFolder(fresh)
  for (const made of [fresh, join(folder, 'a')]) t.equal(statSync(made).mode & 0o777, 0o700)
  securePrivateFolder(fresh)
  t.equal(checkPrivateFolder(fresh), true)
  for (const mode of [0o755, 0o710, 0o701, 0o770, 0o777]) {
    chmodSync(fresh, mode)
    for (const look of [securePrivateFolder, checkPrivateFolder])
      t.throws(() => look(fresh), unsafe(/other users may enter it/), mode.toString(8))
  }
  chmodSync(fresh, 0o700)
  symlinkSync(fresh, join(folder, 'link'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'loose'))
  writeFileSync(join(folder, 'file'), '')
  for (const name of ['link', 'loose'])
    t.throws(() => securePrivateFolder(join(folder, name)), unsafe(/symbolic link|cannot be made/), name)
  t.throws(() => securePrivateFolder(join(folder, 'file')), unsafe(/not a folder/))
  t.throws(() => securePrivateFolder(join(folder, 'file', 'below')), unsafe(/cannot be made/))
})

t.test('the way to a folder is closed too: whoever may write there could put another in its place', async t => {
  const folder = temporaryFolder(t)
  const inner = join(folder, 'a', 'b', 'c')
  securePrivateFolder(inner)
  chmodSync(join(folder, 'a'), 0o777)
  t.throws(() => securePrivateFolder(inner), unsafe(/every user may write the folder .*\/a on the way/))
  chmodSync(join(folder, 'a'), 0o1777)
  t.doesNotThrow(() => securePrivateFolder(inner), 'in a folder like /tmp each keeps his own')
})

t.test('a link on the way is safe when nobody else could turn it', async t => {
  const folder = temporaryFolder(t)
  const [safe, open] = [join(folder, 'safe'), join(folder, 'open')]
  securePrivateFolder(join(safe, 'mine'))
  mkdirSync(open)
  symlinkSync('../safe', join(open, 'link'))
  symlinkSync(join(open, 'link'), join(safe, 'again'))
  const ways = [join(open, 'link', 'mine'), join(safe, 'again', 'mine'), `${safe}/again/../safe/again/mine`]
  for (const way of ways) t.doesNotThrow(() => securePrivateFolder(way), way)
  chmodSync(open, 0o777)
  for (const way of ways) t.throws(() => securePrivateFolder(way), unsafe(/every user may write the folder .*\/open on the way/), way)
  chmodSync(open, 0o755)
  if (!isRoot) return
  lchownSync(join(open, 'link'), stranger, stranger)
  for (const way of ways) t.throws(() => securePrivateFolder(way), unsafe(/\/open\/link on the way to it belongs to another user/), way)
})

t.test('a file is replaced at once, closed, and never through a link', async t => {
  const folder = temporaryFolder(t)
  const [path, target] = [join(folder, 'file'), join(folder, 'target')]
  writeFileSync(target, 'untouched', { mode: 0o644 })
  const plants: [string, () => void][] = [
    ['nothing', () => undefined],
    ['a file that all may write', () => writeFileSync(path, 'old', { mode: 0o666 })],
    ['a symbolic link', () => symlinkSync(target, path)],
    ['a link to nowhere', () => symlinkSync(join(folder, 'nowhere'), path)],
    ['a hard link', () => linkSync(target, path)],
    ['a pipe', () => void spawnSync('mkfifo', [path])],
  ]
  for (const [name, plant] of plants) {
    plant()
    replacePrivateFile(path, 'mine')
    t.ok(lstatSync(path).isFile(), name)
    t.equal(lstatSync(path).mode & 0o777, 0o600)
    t.equal(readPrivateFile(path), 'mine')
    t.equal(readFileSync(target, 'utf8'), 'untouched')
    t.notOk(existsSync(join(folder, 'nowhere')))
    rmSync(path)
  }
  mkdirSync(path)
  t.throws(() => replacePrivateFile(path, 'mine'), unsafe(/it is a folder/), 'a folder')
  t.notOk(removePrivateFile(path), 'which is not removed')
  t.strictSame(readdirSync(folder).sort(), ['file', 'target'], 'no draft is left behind')
  t.ok(removePrivateFile(target) && removePrivateFile(target), 'gone, and gone already')
})

t.test('a draft is on the disk before it takes the place of the file, and whoever puts something at its name gets nothing', async t => {
  const folder = temporaryFolder(t)
  const [path, target] = [join(folder, 'file'), join(folder, 'target')]
  writeFileSync(target, 'untouched')
  const steps: string[] = []
  const drafts: string[] = []
  const replace = () =>
    watching(
      fs,
      'fsyncSync',
      () => steps.push('on the disk'),
      () =>
        watching(
          fs,
          'renameSync',
          from => drafts.push(from) && steps.push('in its place'),
          () => replacePrivateFile(path, 'mine'),
        ),
    )
  replace()
  replace()
  t.strictSame(steps, ['on the disk', 'in its place', 'on the disk', 'in its place'])
  for (const draft of drafts) t.match(draft, /^.*\/file\.[A-Za-z0-9_-]{12}\.tmp$/)
  t.not(drafts[0], drafts[1], 'no name twice: what a crash left behind is in nobody’s way')
  const plant = (draft: string) => symlinkSync(target, draft)
  t.throws(() => watching(fs, 'openSync', plant, () => replacePrivateFile(path, 'mine')), unsafe(/cannot be written: EEXIST/))
  t.equal(readFileSync(target, 'utf8'), 'untouched')
})

t.test('what is read is what was looked at, whatever takes its place meanwhile', async t => {
  const folder = temporaryFolder(t)
  const [path, other] = [join(folder, 'file'), join(folder, 'other')]
  replacePrivateFile(path, 'mine')
  writeFileSync(other, 'theirs', { mode: 0o666 })
  t.equal(
    watching(
      fs,
      'fstatSync',
      () => renameSync(other, path),
      () => readPrivateFile(path),
    ),
    'mine',
  )
})

t.test('a file is read only when nobody else can have written it', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'file')
  t.equal(readPrivateFile(path), undefined)
  replacePrivateFile(path, 'mine')
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(path, mode)
    t.throws(() => readPrivateFile(path), unsafe(/other users may write it/), mode.toString(8))
  }
  rmSync(path)
  symlinkSync('/etc/hostname', path)
  t.throws(() => readPrivateFile(path), unsafe(/symbolic link/))
  rmSync(path)
  spawnSync('mkfifo', ['-m', '600', path])
  t.throws(() => readPrivateFile(path), unsafe(/not a file/), 'a pipe, without waiting for its writer')
  rmSync(path)
  mkdirSync(path)
  const descriptors = () => readdirSync('/proc/self/fd').length
  const before = process.platform === 'linux' ? descriptors() : 0
  t.throws(() => readPrivateFile(path), unsafe(/not a file/))
  if (process.platform === 'linux') t.equal(descriptors(), before, 'nothing stays open')
})

if (isRoot)
  t.test('nothing of another user is taken', async t => {
    const folder = temporaryFolder(t)
    const [inner, path] = [join(folder, 'a', 'b'), join(folder, 'file')]
    securePrivateFolder(inner)
    replacePrivateFile(path, 'theirs')
    chownSync(path, stranger, stranger)
    t.throws(() => readPrivateFile(path), unsafe(/belongs to another user/))
    chownSync(inner, stranger, stranger)
    t.throws(() => securePrivateFolder(inner), unsafe(/belongs to another user/))
    chownSync(inner, 0, 0)
    chownSync(join(folder, 'a'), stranger, stranger)
    t.throws(() => securePrivateFolder(inner), unsafe(/on the way to it belongs to another user/))
  })

if (isRoot)
  t.test('nothing of root is taken by an ordinary user, but the way may be root’s', async t => {
    const folder = temporaryFolder(t)
    chmodSync(folder, 0o755)
    for (const room of ['files', 'errors', 'terms']) cpSync(`dist/src/${room}`, join(folder, 'src', room), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const [theirs, own, file] = [join(folder, 'theirs'), join(folder, 'own'), join(folder, 'file')]
    for (const path of [theirs, own]) mkdirSync(path, { mode: 0o700 })
    chownSync(own, stranger, stranger)
    writeFileSync(file, 'root’s', { mode: 0o644 })
    const script = `import { checkPrivateFolder, readPrivateFile } from ${JSON.stringify(join(folder, 'src/files/private-files.js'))}
      const said = act => { try { return act() } catch (error) { return error.message } }
      console.log(JSON.stringify([said(() => checkPrivateFolder(process.argv[1])), said(() => checkPrivateFolder(process.argv[2])), said(() => readPrivateFile(process.argv[3]))]))`
    // The test runner's exit handler, in NODE_OPTIONS, writes into a folder of ours.
    const { NODE_OPTIONS: _, ...env } = process.env
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, theirs, own, file], {
      ...{ cwd: '/', uid: stranger, gid: stranger, env, encoding: 'utf8' },
    })
    t.equal(stderr, '')
    t.match(JSON.parse(stdout || 'null'), [/belongs to another user/, true, /belongs to another user/])
  })
