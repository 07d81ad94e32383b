// The settings outside profiles and routes: flag over environment over file over default.
import { Compile } from 'typebox/compile'
import { HallpassError } from '../errors/hallpass-error.ts'
import { type ConfigDocument, environmentName, flagName, type SettingName, type Settings, settingsSchema } from './schema.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type Flags = Readonly<Record<string, string | undefined>>

/** Where a setting's value came from, for messages. */
type Found = { value: unknown; source: string }

/** Every setting, from the first place that names it. Throws setting-invalid with the place. */
export function resolveSettings(flags: Flags, env: Environment, document: Partial<ConfigDocument>): Settings {
  const names = Object.keys(settingsSchema) as SettingName[]
  return Object.fromEntries(names.map(name => [name, resolveSetting(name, flags, env, document)])) as Settings
}

function resolveSetting(name: SettingName, flags: Flags, env: Environment, document: Partial<ConfigDocument>): unknown {
  const schema = settingsSchema[name]
  const found = findText(name, flags, env)
  if (!found) return document[name] ?? defaultOf(schema)
  const value = 'type' in schema && schema.type === 'integer' ? wholeNumber(String(found.value)) : found.value
  if (!Compile(schema).Check(value))
    throw new HallpassError('setting-invalid', {
      source: found.source,
      what: `"${found.value}" is not ${describeValues(schema)}`,
      fix: 'Correct the value.',
    })
  return value
}

function defaultOf(schema: object): unknown {
  return 'default' in schema ? schema.default : undefined
}

function findText(name: SettingName, flags: Flags, env: Environment): Found | undefined {
  const flag = flags[flagName(name)]
  if (flag !== undefined) return { value: flag, source: `--${flagName(name)}` }
  const variable = env[environmentName(name)]
  return variable ? { value: variable, source: environmentName(name) } : undefined
}

function wholeNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

function describeValues(schema: object): string {
  const { enum: values, minimum, maximum } = schema as { enum?: string[]; minimum?: number; maximum?: number }
  return values ? `one of ${values.join(', ')}` : `a whole number from ${minimum} to ${maximum}`
}
