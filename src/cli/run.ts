// From a command line to an exit code: the one place that prints failures.
import { nearestOf } from '../config/nearest.ts'
import { asHallpassError, HallpassError } from '../errors/hallpass-error.ts'
import { renderForTerminal } from '../errors/render.ts'
import { printable, printableLines } from '../terms/printable.ts'
import { programHelp, type Row, verbHelp } from './help.ts'
import { exitCodes, type Io } from './io.ts'
import { parseArguments } from './parse.ts'
import { verbs } from './verbs.ts'

/** Runs the command that `io.argv` names. Never rejects. Nothing that it prints is obeyed by a terminal, wherever the text came from. */
export async function run(outer: Io): Promise<number> {
  const io: Io = {
    ...outer,
    out: text => outer.out(printableLines(text)),
    err: text => outer.err(printableLines(text)),
    ask: question => outer.ask(printableLines(question)),
    readSecret: prompt => outer.readSecret(printableLines(prompt)),
  }
  try {
    return await dispatch(io)
  } catch (thrown) {
    const error = asHallpassError(thrown)
    io.err(renderForTerminal(error))
    return error.entry.exitCode
  }
}

async function dispatch(io: Io): Promise<number> {
  const [verb, ...rest] = io.argv
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    io.out(programHelp())
    return verb === undefined ? exitCodes.usage : exitCodes.ok
  }
  if (verb === '--version' || verb === '-v' || verb === 'version') {
    io.out(`${io.version}\n`)
    return exitCodes.ok
  }
  const definition = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!definition) throw noCommand(verb)
  const settings = definition.settings ? await settingRows(definition.settings.except) : []
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(verbHelp(verb, definition, settings))
    return exitCodes.ok
  }
  const args = parseArguments(
    verb,
    definition,
    settings.map(([flag]) => flag.slice(2).split(' ')[0] ?? ''),
    rest,
  )
  const command = await definition.load()
  return command(io, args)
}

function noCommand(verb: string): HallpassError {
  const nearest = nearestOf(verb, Object.keys(verbs))
  const meant = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  return new HallpassError('usage', { what: `"${printable(verb, 80)}" is no command.${meant}`, command: 'hallpass' })
}

/** One row for each setting: its flag, and what it does. The schema is loaded only by verbs that need it: it is large. */
async function settingRows(except: readonly string[]): Promise<Row[]> {
  const { environmentName, flagName, settingsSchema } = await import('../config/schema.ts')
  const { annotationsOf } = await import('../config/schema-parts.ts')
  return Object.entries(settingsSchema)
    .filter(([name]) => !except.includes(name))
    .map(([name, schema]): Row => {
      const { enum: values, type, default: usual, description } = annotationsOf(schema)
      const value = values?.join('|') ?? valueNames[type ?? ''] ?? 'FILE'
      return [`--${flagName(name)} ${value}`, `${description} [${String(usual) || 'none'}; ${environmentName(name)}]`]
    })
}

/** What help calls the value of a setting, by its type; every setting that is free text is a file's path. */
const valueNames: Readonly<Record<string, string>> = { array: 'A,B', boolean: 'true|false', integer: 'N' }
