// The settings outside profiles and routes: flag over environment over file over default.
import { Compile } from 'typebox/schema'
import { HallpassError } from '../errors/hallpass-error.ts'
import { printable } from '../terms/printable.ts'
import { complainOfAccess } from './access.ts'
import { nearestOf } from './nearest.ts'
import { readForwardFields } from './route-rules.ts'
import { type ConfigDocument, environmentName, flagName, type SettingName, type Settings, settingsSchema } from './schema.ts'
import { type Annotated, annotationsOf } from './schema-parts.ts'
import type { NoteSource } from './sources.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type Flags = Readonly<Record<string, string | undefined>>

/** Every setting, from the first place that names it. Throws setting-invalid with the place. */
export function resolveSettings(flags: Flags, env: Environment, document: Partial<ConfigDocument>, note: NoteSource): Settings {
  const names = Object.keys(settingsSchema) as SettingName[]
  return Object.fromEntries(names.map(name => [name, resolveSetting(name, flags, env, document, note)])) as Settings
}

function resolveSetting(name: SettingName, flags: Flags, env: Environment, document: Partial<ConfigDocument>, note: NoteSource): unknown {
  const annotations = annotationsOf(settingsSchema[name])
  const found = findText(name, flags, env)
  if (found) {
    note([name], found.source)
    return checked(name, annotations, found)
  }
  const written = writtenAt(name, document)
  if (written !== undefined) return written
  note([name], 'default')
  return annotations.default
}

/** What the document says at a place such as `port` or `access.key`. */
function writtenAt(name: SettingName, document: Partial<ConfigDocument>): unknown {
  return name.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document)
}

/** Where a setting's text came from. */
type Found = { text: string; source: string }

function checked(name: SettingName, annotations: Annotated, { text, source }: Found): unknown {
  const value = fromText(annotations, text)
  if (Compile(settingsSchema[name]).Check(value)) {
    const [complaint] = name === 'forwardFields' ? readForwardFields(value as string[]).complaints : complainOfAccess(name, value)
    if (complaint) throw new HallpassError('setting-invalid', { source, what: complaint.what, fix: complaint.fix })
    return value
  }
  const what = `"${printable(text, 80)}" is not ${describeValues(annotations)}`
  throw new HallpassError('setting-invalid', { source, what, fix: 'Correct the value.' })
}

/** An empty variable counts as not set; an empty flag is a mistake. */
function findText(name: SettingName, flags: Flags, env: Environment): Found | undefined {
  const flag = flags[flagName(name)]
  if (flag !== undefined) return { text: flag, source: `--${flagName(name)}` }
  const variable = env[environmentName(name)]
  return variable ? { text: variable, source: environmentName(name) } : undefined
}

/** A value as flags and variables write it: lists with commas, switches as true or false. */
function fromText({ type, items }: Annotated, text: string): unknown {
  if (type === 'integer') return /^\d{1,9}$/.test(text) ? Number(text) : text
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (type === 'array') return text.split(',').map(part => fromText(items ?? {}, part.trim()))
  return text
}

/** The values that a setting takes, in words. */
export function describeValues({ type, enum: values, minimum, maximum, items }: Annotated): string {
  if (values) return `one of ${values.join(', ')}`
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`
  if (type === 'boolean') return 'true or false'
  if (type === 'array') return items?.type === 'integer' ? 'whole numbers with commas between them' : 'a list with commas'
  return 'a text'
}

/** Names in the environment that look like a setting's and are none: a misspelt one would be a silent default. */
export function warnOfNames(env: Environment): string[] {
  const prefix = 'HALLPASS_'
  const known = [...Object.keys(settingsSchema).map(name => environmentName(name).slice(prefix.length)), 'CONFIG', 'NO_USER']
  const ours = Object.keys(env).flatMap(name => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
  return ours.flatMap(name => {
    const nearest = known.includes(name) ? undefined : nearestOf(name, known)
    return nearest ? [`${prefix}${printable(name, 80)} is not read. Did you mean ${prefix}${nearest}?`] : []
  })
}
