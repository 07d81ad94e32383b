// Private files: 0700 and 0600 under any umask, no link followed, nothing of another user's taken.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
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
  t.throws(() => readPrivateFile(path), unsafe(/not a file/))
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
