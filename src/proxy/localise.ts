// Maps the service's links to ours on the way to the client: in fields, and in the bodies that hold any.
import { HallpassError } from '../errors/hallpass-error.ts'
import type { Route } from '../terms/route.ts'
import { addCoding, ContentDecoder, readableCoding } from './content-decoder.ts'
import { isBinary, spellingOfAnswer } from './content-type.ts'
import { rememberingSpellings } from './field-names.ts'
import type { FindLinks } from './links.ts'
import type { Answer, AnswerStep } from './steps.ts'
import { UrlScanner } from './url-scanner.ts'
import { replaceUrls } from './url-text.ts'

type Part = 'url' | 'type' | 'coding' | 'bytes' | ''

/**
 * Fields that say something of the exact bytes of a body: they do not hold for the changed one. An entity tag stays: of one representation the
 * same always becomes, so that the tag still tells one from another, and it has to come back as the service knows it.
 */
const namesOfBytes: ReadonlySet<string> = new Set(['content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges'])

const partOf = rememberingSpellings<Part>(name => {
  if (name === 'location' || name === 'content-location' || name === 'link') return 'url'
  if (name === 'content-type') return 'type'
  if (name === 'content-encoding') return 'coding'
  return namesOfBytes.has(name) ? 'bytes' : ''
})

/** The step that localises. It leaves alone: routes that say so, ranges of bodies, what is neither JSON nor XML, and a FHIR Binary's content. */
export function createLocalise(findLinks: FindLinks): AnswerStep {
  return (answer, { route, caller, request }) => {
    if (route.localise === false) return
    const { type, coding, holdsUrl, ofBytes } = readHead(answer.fields)
    const spelling = answer.status === 206 ? undefined : spellingOfAnswer(type)
    if (!holdsUrl && !spelling) return
    const { localise } = findLinks(route, caller.host)
    if (holdsUrl) localiseFields(answer, value => absolutePath(value, route) ?? replaceUrls(localise, 'plain', value))
    if (!spelling || isBinary(route, request.method ?? '', (request.url ?? '').slice(route.prefix.length))) return
    const readable = readableCoding(coding)
    if (coding !== '' && !readable) return
    if (ofBytes || coding !== '' || !answer.hasBody) dropWhatChanges(answer, readable !== undefined)
    if (!answer.hasBody) return
    if (readable) answer.through.push(new ContentDecoder(readable, complaint => bodyFailure(complaint, route)))
    answer.rewrites.push(new UrlScanner(localise, spelling))
  }
}

function readHead(fields: readonly string[]): { type: string; coding: string; holdsUrl: boolean; ofBytes: boolean } {
  const head = { type: '', coding: '', holdsUrl: false, ofBytes: false }
  for (let index = 0; index < fields.length; index += 2) {
    const part = partOf(fields[index] as string)
    if (part === '') continue
    const value = fields[index + 1] as string
    if (part === 'url') head.holdsUrl = true
    else if (part === 'type') head.type = value
    else if (part === 'bytes') head.ofBytes = true
    else if (part === 'coding') head.coding = addCoding(head.coding, value)
  }
  return head
}

function localiseFields(answer: Answer, localise: (value: string) => string): void {
  const { fields } = answer
  for (let index = 0; index < fields.length; index += 2) {
    if (partOf(fields[index] as string) === 'url') fields[index + 1] = localise(fields[index + 1] as string)
  }
}

/** A path from the service's root, such as `/v2/studies/1`, would be taken from ours: the same below the route. Undefined for anything else. */
function absolutePath(value: string, { prefix, basePath }: Route): string | undefined {
  if (value[0] !== '/' || value[1] === '/' || !value.startsWith(basePath)) return undefined
  const rest = value.slice(basePath.length)
  return rest === '' || /^[/?#]/.test(rest) ? prefix + rest : undefined
}

/** Without a body too: HEAD and 304 say what a GET would. */
function dropWhatChanges(answer: Answer, decoded: boolean): void {
  const { fields } = answer
  const kept: string[] = []
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    const part = partOf(name)
    if (part === 'bytes' || (part === 'coding' && decoded)) continue
    if (!answer.hasBody && name.toLowerCase() === 'content-length') continue
    kept.push(name, fields[index + 1] as string)
  }
  answer.fields = kept
}

function bodyFailure(complaint: 'broken' | 'inflates', { prefix }: Route): HallpassError {
  if (complaint === 'inflates') return new HallpassError('answer-inflates', { prefix })
  return new HallpassError('origin-broken', { prefix, why: 'its body is not in the content coding that it names' })
}
