// `hallpass config trust`: remembers that the present content of a project file may say where tokens go.
import { examineConfig } from '../config/load.ts'
import { findProjectFile } from '../config/locate.ts'
import { recordTrust } from '../config/trust.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { describeTrust, placeOf } from './config-file.ts'
import { type Command, exitCodes } from './io.ts'

export const trustConfig: Command = async (io, args) => {
  const place = placeOf(io, args)
  const [, named] = args.words
  const path = named ?? args.flags.config ?? findProjectFile(place)
  if (path === undefined)
    throw new HallpassError('usage', { what: 'There is no project file in this folder or above it.', command: 'hallpass config' })
  const examined = examineConfig(place, { project: path })
  io.err(`${describeTrust(place, examined)}\n`)
  recordTrust(place.paths.state, { sha256: examined.sha256, path: examined.location.path, now: Date.now() })
  io.err(`Trusted: the present content of ${printable(examined.location.path)}. Any change of it asks again.\n`)
  return exitCodes.ok
}
