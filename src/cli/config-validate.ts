// `hallpass config validate`: everything that is wrong with the configuration, or one line that nothing is.
import { examineConfig } from '../config/load.ts'
import { locateConfig } from '../config/locate.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { renderForTerminal } from '../errors/render.ts'
import { printable } from '../terms/printable.ts'
import { placeOf } from './config-file.ts'
import { type Command, exitCodes } from './io.ts'
import { outputFormat } from './parse.ts'

export const validateConfig: Command = async (io, args) => {
  const json = outputFormat(args, 'config validate') === 'json'
  const place = placeOf(io, args)
  const { path } = locateConfig(place)
  try {
    const { config, trusted } = examineConfig(place)
    if (json) io.out(`${JSON.stringify({ version: 1, path, valid: true, trusted, faults: [], warnings: config.warnings }, null, 2)}\n`)
    else {
      for (const warning of config.warnings) io.err(`Note: ${warning}\n`)
      io.out(`${printable(path)} is valid${trusted ? '' : ', and not trusted yet: `hallpass config trust` does that'}.\n`)
    }
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof HallpassError) || error.entry.exitCode !== exitCodes.usage) throw error
    if (json) io.out(`${JSON.stringify({ version: 1, path, valid: false, faults: [error, ...error.more].map(describe) }, null, 2)}\n`)
    else io.err(renderForTerminal(error))
    return exitCodes.usage
  }
}

function describe({ code, summary, remedy, particulars }: HallpassError) {
  const { line, column } = particulars
  return { code, ...(line !== undefined && { line, column }), summary, remedy }
}
