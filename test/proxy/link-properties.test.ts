// Properties of localising and mapping back, on documents made by chance. A failure names its seed.
import t, { type Test } from 'tap'
import { RefusedUrl, UrlScanner } from '../../src/proxy/url-scanner.ts'
import type { Spelling } from '../../src/proxy/url-spelling.ts'
import type { UrlTable } from '../../src/proxy/url-table.ts'
import { clientDocument, cutAnyhow, type Document, serviceDocument, wildServiceDocument } from '../fixtures/link-documents.ts'
import { linksOf } from '../fixtures/link-tables.ts'
import { type Seeded, seeded } from '../fixtures/seeded.ts'

t.setTimeout(600_000)
const cases = process.env.HALLPASS_TEST_FULL ? 100_000 : 3_000
const { localise, mapBack } = linksOf()

type Outcome = { body: Buffer; counted: number } | { refusedAt: number }

function run(table: UrlTable, spelling: Spelling, pieces: readonly Buffer[]): Outcome {
  const scanner = new UrlScanner(table, spelling)
  try {
    const body = Buffer.concat([...pieces.map(piece => Buffer.from(scanner.push(piece))), scanner.end()])
    return { body, counted: scanner.counted }
  } catch (error) {
    if (error instanceof RefusedUrl) return { refusedAt: error.offset }
    throw error
  }
}

const localised = (document: Buffer) => new UrlScanner(localise, 'json').whole(document)
const mappedBack = (document: Buffer) => new UrlScanner(mapBack, 'json-or-percent').whole(document)

/** Checks every case; the first that fails is shown whole. */
function holds(
  name: string,
  make: (chance: Seeded) => Document,
  check: (document: Document, chance: Seeded) => [found: Buffer, wanted: Buffer],
) {
  t.test(name, async (t: Test) => {
    let changed = 0
    for (let seed = 1; seed <= cases; seed++) {
      const chance = seeded(seed)
      const document = make(chance)
      const [found, wanted] = check(document, chance)
      if (!found.equals(wanted)) {
        t.equal(found.toString(), wanted.toString(), `seed ${seed}: ${JSON.stringify(document.before.toString())}`)
        return
      }
      if (!document.before.equals(document.after)) changed++
    }
    t.ok(changed > cases / 3, `${cases} documents, ${changed} of them with URLs to map`)
  })
}

holds('localising changes what it must and nothing else', serviceDocument, ({ before, after }) => [localised(before), after])
holds('in other spellings of the origin too', wildServiceDocument, ({ before, after }) => [localised(before), after])
holds('mapping back changes what it must and nothing else', clientDocument, ({ before, after }) => [mappedBack(before), after])
holds('localising, then mapping back is the identity', serviceDocument, ({ before }) => [mappedBack(localised(before)), before])
holds('mapping back twice is mapping back once', clientDocument, ({ before }) => [mappedBack(mappedBack(before)), mappedBack(before)])

/** The same document with its slashes, colons and letters by reference, here and there. */
function referred({ before, after }: Document, chance: Seeded): Document {
  const spell = chance.pick([(code: number) => `&#${code};`, (code: number) => `&#x${code.toString(16)};`])
  const write = (bytes: Buffer) =>
    Buffer.from(
      bytes.toString('latin1').replace(/[:/]/g, found => spell(found.charCodeAt(0))),
      'latin1',
    )
  return { before: write(before), after: write(after) }
}
const xmlLocalised = (document: Buffer) => new UrlScanner(localise, 'xml').whole(document)
const xmlMappedBack = (document: Buffer) => new UrlScanner(mapBack, 'xml').whole(document)

holds('by XML’s references: localising, then mapping back is the identity', serviceDocument, ({ before, after }, chance) => {
  const document = referred({ before, after }, chance).before
  return [xmlMappedBack(xmlLocalised(document)), document]
})
holds('by XML’s references: mapping back twice is mapping back once', clientDocument, ({ before, after }, chance) => {
  const document = referred({ before, after }, chance).before
  return [xmlMappedBack(xmlMappedBack(document)), xmlMappedBack(document)]
})

const referredClientDocument = (chance: Seeded) => referred(clientDocument(chance), chance)

for (const [name, table, spelling, make] of [
  ['localising', localise, 'json', wildServiceDocument],
  ['mapping back', mapBack, 'json-or-percent', clientDocument],
  ['mapping back XML', mapBack, 'xml', referredClientDocument],
] as const) {
  t.test(`${name} gives the same wherever the pieces end`, async t => {
    for (let seed = 1; seed <= cases; seed++) {
      const chance = seeded(seed)
      const whole = chance.integer(4) === 0 ? garbled(make(chance).before, chance) : make(chance).before
      const [one, many] = [run(table, spelling, [whole]), run(table, spelling, cutAnyhow(whole, chance))]
      if (JSON.stringify(one) !== JSON.stringify(many))
        return void t.same(shown(many), shown(one), `seed ${seed}: ${JSON.stringify(whole.toString())}`)
    }
    t.pass(`${cases} documents`)
  })
}

t.test('also when they end after every byte', async t => {
  for (let seed = 1; seed <= cases / 30; seed++) {
    const { before, after } = clientDocument(seeded(seed))
    const bytes = [...before].map(byte => Buffer.of(byte))
    const found = run(mapBack, 'json-or-percent', bytes)
    if (!('body' in found) || !found.body.equals(after)) return void t.same(shown(found), after.toString(), `seed ${seed}`)
  }
  t.pass()
})

t.test('little is held back, whatever comes', async t => {
  let most = 0
  for (let seed = 1; seed <= cases / 3; seed++) {
    const chance = seeded(seed)
    const scanner = new UrlScanner(mapBack, 'json-or-percent')
    const tricky = [
      'h',
      'http',
      '\\',
      '\\u0068',
      '%68',
      'https:\\/\\/',
      'http://localhost:3447/fhir',
      'http://localhost:3000',
      'http%3A%2F%2Flocal',
      '/',
    ]
    const pieces = Array.from({ length: 40 }, () => chance.pick(tricky).repeat(1 + chance.integer(20)) + chance.pick(['', 'x', '"']))
    let [read, written] = [0, 0]
    for (const piece of pieces.filter(piece => !piece.includes('3447'))) {
      read += piece.length
      written += scanner.push(Buffer.from(piece)).length
      most = Math.max(most, read - written)
    }
  }
  t.ok(most > 0 && most < 400, `at most ${most} bytes`)
})

/** A document with some bytes changed, cut out or doubled: its pieces no longer have a known fate. */
function garbled(document: Buffer, chance: Seeded): Buffer {
  const bytes = [...document]
  for (let times = 0; times < 6; times++) {
    const at = chance.integer(bytes.length + 1)
    bytes.splice(at, chance.integer(3), ...[...'\\\\uh:/%2f"'].slice(0, chance.integer(3)).map(letter => letter.charCodeAt(0)))
  }
  return Buffer.from(bytes)
}

function shown(outcome: Outcome): unknown {
  return 'body' in outcome ? { ...outcome, body: outcome.body.toString() } : outcome
}
