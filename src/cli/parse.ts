// Takes a command line apart by its verb's definition.
import { parseArgs } from 'node:util'
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Arguments } from './io.ts'
import type { VerbDefinition } from './verbs.ts'

/** The arguments of a verb. `settingFlags` are the flags of the settings that it takes. Throws usage. */
export function parseArguments(
  verb: string,
  definition: VerbDefinition,
  settingFlags: readonly string[],
  argv: readonly string[],
): Arguments {
  const command = `hallpass ${verb}`
  const refuse = (what: string) => new HallpassError('usage', { what, command })
  const options = Object.fromEntries([
    ...Object.entries(definition.options).map(([name, { value }]) => [name, { type: value ? ('string' as const) : ('boolean' as const) }]),
    ...settingFlags.map(name => [name, { type: 'string' as const }]),
  ])
  const { values, positionals } = parse([...argv], options, refuse)
  const [extra] = positionals.slice(definition.words?.most ?? 0)
  if (extra !== undefined) throw refuse(`"${extra}" is one word too many.`)
  const entries = Object.entries(values)
  return {
    flags: Object.fromEntries(entries.filter(([, value]) => typeof value === 'string')) as Record<string, string>,
    switches: new Set(entries.filter(([, value]) => value === true).map(([name]) => name)),
    words: positionals,
  }
}

type Options = NonNullable<Parameters<typeof parseArgs>[0]>['options']

function parse(args: string[], options: Options, refuse: (what: string) => HallpassError) {
  try {
    return parseArgs({ args, options: options ?? {}, allowPositionals: true, strict: true })
  } catch (error) {
    if (!(error instanceof TypeError) || !String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS')) throw error
    throw refuse(error.message.replace(/\. To specify.*$/s, '.').replace(/\.?$/, '.'))
  }
}

/** `--output`, checked. */
export function outputFormat({ flags }: Arguments, verb: string): 'text' | 'json' {
  const format = flags.output ?? 'text'
  if (format === 'text' || format === 'json') return format
  throw new HallpassError('usage', { what: `--output takes text or json, not "${format}".`, command: `hallpass ${verb}` })
}
