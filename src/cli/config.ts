// `hallpass config`: shows the configuration, checks it, tells where it is, prints its schema, trusts a project file.
import { HallpassError } from '../errors/hallpass-error.ts'
import { printConfigPath } from './config-path.ts'
import { showConfig } from './config-show.ts'
import { trustConfig } from './config-trust.ts'
import { validateConfig } from './config-validate.ts'
import { type Command, exitCodes } from './io.ts'

const printSchema: Command = async io => {
  const { jsonSchemaText } = await import('../config/json-schema.ts')
  io.out(jsonSchemaText())
  return exitCodes.ok
}

const subverbs: Readonly<Record<string, { command: Command; words: number }>> = {
  show: { command: showConfig, words: 1 },
  validate: { command: validateConfig, words: 1 },
  path: { command: printConfigPath, words: 1 },
  schema: { command: printSchema, words: 1 },
  trust: { command: trustConfig, words: 2 },
}

export const runConfig: Command = async (io, args) => {
  const [name = '', extra] = args.words
  const subverb = Object.hasOwn(subverbs, name) ? subverbs[name] : undefined
  if (!subverb)
    throw new HallpassError('usage', { what: `Say what to do: ${Object.keys(subverbs).join(', ')}.`, command: 'hallpass config' })
  if (args.words.length > subverb.words)
    throw new HallpassError('usage', { what: `"${extra}" is one word too many.`, command: 'hallpass config' })
  return subverb.command(io, args)
}
