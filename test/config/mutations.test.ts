// Any mutation of a valid configuration is understood exactly as it stands, or refused at a place: never a crash, never a silent default.
import { readdirSync, readFileSync } from 'node:fs'
import { type ParseError, parse as parseJsonc } from 'jsonc-parser'
import t from 'tap'
import { type PlacedValue, valuesOf } from '../../src/config/differences.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { resolveSettings } from '../../src/config/settings.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { renderForTerminal } from '../../src/errors/render.ts'
import { valid } from '../fixtures/configurations.ts'
import { type Seeded, seeded } from '../fixtures/seeded.ts'

const cases = process.env.HALLPASS_TEST_FULL ? 50_000 : 3_000
const seed = Number(process.env.HALLPASS_TEST_SEED ?? 20_261)

const texts = [
  JSON.stringify(valid, null, 2),
  JSON.stringify({ ...valid, port: 4000, vault: 'memory', signInWaitSeconds: 10 }),
  ...readdirSync('config/examples').map(file => readFileSync(`config/examples/${file}`, 'utf8')),
]

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Container = { [key: string]: Json } | Json[]
type Mutation = (chance: Seeded, text: string) => string

/** Every object and list of a document. */
function containers(value: Json): Container[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(containers)]
}

/** A mutation of the document rather than of its text. */
const ofDocument =
  (edit: (chance: Seeded, place: Container, key: string) => void): Mutation =>
  (chance, text) => {
    const document = parseJsonc(text) as Json
    const place = chance.pick(containers(document).filter(found => Object.keys(found).length > 0))
    edit(chance, place, chance.pick(Object.keys(place)))
    return JSON.stringify(document, null, chance.pick([0, 2]))
  }

const set = (place: Container, key: string, value: Json) => {
  Object.defineProperty(place, key, { value, enumerable: true, configurable: true, writable: true })
}

const strange: readonly Json[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    0.5,
    3447,
    65536,
    1e21,
    -0,
    2 ** 53,
    '',
    ' ',
    '\u0000',
    '\u001b[31m',
    '\u202e',
    '💥',
    '\ud800',
    '__proto__',
  ],
  ...[
    'constructor',
    'toString',
    '../..',
    '/-',
    '/fhir',
    'dev',
    'none',
    'secret',
    'common',
    'a'.repeat(5000),
    'https://',
    'http://localhost',
  ],
  ...[
    'https://a.fhir.azurehealthcareapis.com.',
    'https://a.fhir.azurehealthcareapis.com:443',
    'HTTPS://A.FHIR.AZUREHEALTHCAREAPIS.COM',
    '%00',
  ],
  ...['client-credentials', 'device-code', 'certificate', '/.default', 'https://x//.default', 'login.microsoftonline.us', '{', '$HOME'],
  ...([[], {}, [[]], [null], { length: 1 }, [''], ['x', 5]] as Json[]),
]
const keys = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '',
  ' ',
  '\n',
  '$schema',
  'port',
  'flow',
  '/fhir',
  '/-',
  '/FHIR',
  'dev',
  'a.b',
]

const mutations: Readonly<Record<string, Mutation>> = {
  'a key deleted': ofDocument((_, place, key) => {
    if (Array.isArray(place)) place.splice(Number(key), 1)
    else delete place[key]
  }),
  'a key renamed': ofDocument((chance, place, key) => {
    const value = place[key as never] as Json
    if (!Array.isArray(place)) delete place[key]
    set(place, chance.pick([...keys, `${key}x`, key.slice(1), key.toUpperCase()]), value)
  }),
  'a key added': ofDocument((chance, place) => set(place, chance.pick(keys), chance.pick(strange))),
  'a key twice': (chance, text) =>
    text.replace(
      '{',
      `{ ${JSON.stringify(chance.pick(['profiles', 'routes', 'port', ...keys]))}: ${JSON.stringify(chance.pick(strange))},`,
    ),
  'another value': ofDocument((chance, place, key) => set(place, key, chance.pick(strange))),
  'a value from elsewhere': ofDocument((chance, place, key) => set(place, key, structuredClone(chance.pick(Object.values(place))))),
  'a character flipped': (chance, text) => {
    const at = chance.integer(text.length)
    return `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ (1 << chance.integer(8)))}${text.slice(at + 1)}`
  },
  'a character put in': (chance, text) => {
    const at = chance.integer(text.length)
    return `${text.slice(0, at)}${chance.pick(['"', '{', ']', ',', ':', '\\', '\u0000', '\u001b', '\u2028', '\ufeff', '/', '*', '\t', '\n', '9', 'é', '\ud800'])}${text.slice(at)}`
  },
  'characters taken out': (chance, text) => {
    const at = chance.integer(text.length)
    return text.slice(0, at) + text.slice(at + 1 + chance.integer(3))
  },
  'text cut off': (chance, text) => text.slice(0, chance.integer(text.length)),
  'text twice': (chance, text) => text + text.slice(chance.integer(text.length)),
  'deep nesting': (chance, text) => {
    const levels = chance.pick([10, 40, 5_000])
    return text.replace('{', `{ "${chance.pick(['x', 'profiles', 'port'])}": ${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)},`)
  },
  'a huge number': (chance, text) =>
    text.replace(
      '{',
      `{ "${chance.pick(['port', 'signInWaitSeconds'])}": ${chance.pick(['1e999', '-1e999', '9'.repeat(400), '1e3', '3447.0', '0x10', '01', '-0'])},`,
    ),
}

/** What the file says, read by another way than ours. */
function asWritten(text: string): Record<string, any> {
  const errors: ParseError[] = []
  const document = parseJsonc(text.replace(/^\ufeff/, ''), errors, { allowTrailingComma: true }) as Record<string, unknown>
  if (errors.length > 0) throw new Error('it was accepted, and is no JSON')
  return document
}

/** Places whose value in force is not the one that stands there, letters of the host and slashes at the end aside. */
function silentChanges(written: Record<string, any>, inForce: readonly PlacedValue[]): string[] {
  const plain = (text: string) => text.replace(/\/+$/, '').replace(/^https?:\/\/[^/]*/i, host => host.toLowerCase())
  const expect = (place: string): unknown => {
    const [, section, name, key] = /^(profiles|routes)\.(.*)\.([A-Za-z]+)$/.exec(place) ?? []
    return section === undefined ? written[place] : written[section]?.[name as string]?.[key as string]
  }
  return inForce
    .filter(({ place, value }) => {
      const stands = expect(place)
      const text = Array.isArray(stands) ? stands.join(' ') : String(stands)
      return stands !== undefined && plain(text) !== plain(value)
    })
    .map(({ place }) => place)
}

/** Everything that is written must be in force. */
function lost(written: Record<string, any>, inForce: readonly PlacedValue[]): string[] {
  const known = new Set(inForce.map(({ place }) => place))
  const sections = ['profiles', 'routes'].flatMap(section =>
    Object.entries(written[section] as Record<string, object>).flatMap(([name, entry]) =>
      Object.keys(entry).map(key => `${section}.${name}.${key}`),
    ),
  )
  const settings = Object.keys(written).filter(key => !['$schema', 'profiles', 'routes'].includes(key))
  return [...sections, ...settings].filter(place => !known.has(place))
}

/** What is wrong with how a text was taken, or undefined. */
function judge(text: string, counts: { accepted: number; refused: number }): string | undefined {
  try {
    const { values, resolved } = parseConfig(text, 'hallpass.jsonc')
    const settings = resolveSettings({}, {}, values, () => undefined)
    counts.accepted++
    const inForce = valuesOf({ path: '', settings, ...resolved, sources: new Map() })
    const written = asWritten(text)
    const wrong = [...silentChanges(written, inForce), ...lost(written, inForce)]
    return wrong.length > 0 ? `taken otherwise than it stands: ${wrong.join(', ')}` : undefined
  } catch (error) {
    if (!(error instanceof HallpassError)) return `a crash: ${error}`
    counts.refused++
    if (error.code !== 'config-invalid' && error.code !== 'config-syntax') return `refused with ${error.code}`
    const shown = renderForTerminal(error)
    if (!/^hallpass: hallpass\.jsonc:[1-9]\d*:[1-9]\d*: \S/.test(shown)) return `no place in ${shown}`
    if (/undefined|\[object|NaN/.test(shown.replace(/"[^"]*"/g, ''))) return `nonsense in ${shown}`
    return /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(shown) ? 'control characters in a message' : undefined
  }
}

t.test(`${cases} mutations, seed ${seed}`, async t => {
  const chance = seeded(seed)
  const names = Object.keys(mutations)
  const counts = { accepted: 0, refused: 0 }
  const failures: string[] = []
  for (let index = 0; index < cases && failures.length < 5; index++) {
    const name = names[index % names.length] as string
    let text = chance.pick(texts)
    for (let times = chance.pick([1, 1, 1, 2, 3]); times > 0; times--) text = again(mutations[name] as Mutation, chance, text)
    const wrong = judge(text, counts)
    if (wrong !== undefined) failures.push(`case ${index}, ${name}: ${wrong}\n${text.slice(0, 3000)}`)
  }
  t.strictSame(failures, [])
  t.ok(counts.accepted > cases / 50 && counts.refused > cases / 3, `${counts.accepted} accepted, ${counts.refused} refused`)
})

/** A mutation of what is no longer JSON leaves it as it is. */
function again(mutation: Mutation, chance: Seeded, text: string): string {
  const errors: ParseError[] = []
  const document = text.length < 100_000 ? parseJsonc(text.length > 20_000 ? '' : text, errors) : undefined
  return typeof document === 'object' && document !== null && Object.keys(document).length > 0 ? mutation(chance, text) : text
}
