// The way to a file or folder: whoever may write on it can put another in its place.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { printable } from '../terms/printable.ts'

/** Links after which Linux gives up (path_resolution(7)), for they may lead in a circle. */
const mostLinks = 40

/**
 * What is wrong with the way to a path, as a clause that names the place; undefined when nobody but the user `own` and root has a say in it. A
 * folder like /tmp, where each keeps his own, is safe as long as nobody else's name leads on. Goes the way as the kernel does
 * (path_resolution(7)), for a link leads through other folders than its own. What is no folder is for who opens it to look at.
 */
export function dangerOnWay(path: string, own: number): string | undefined {
  let reached = '/'
  let links = 0
  const left = (isAbsolute(path) ? path : `${realpathSync('.')}/${path}`).split('/')
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const place = join(reached, name)
    const stats = lstatSync(place)
    const kind = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : undefined
    if (kind && stats.uid !== own && stats.uid !== 0) return `the ${kind} ${printable(place)} on the way to it belongs to another user`
    if (stats.isSymbolicLink()) {
      if (++links > mostLinks) return 'its symbolic links lead in a circle'
      const target = readlinkSync(place)
      left.unshift(...target.split('/'))
      if (isAbsolute(target)) reached = '/'
      continue
    }
    if (stats.isDirectory() && stats.mode & 0o002 && !(stats.mode & 0o1000))
      return `every user may write the folder ${printable(place)} on the way to it`
    reached = place
  }
  return undefined
}
