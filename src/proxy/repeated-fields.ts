// Refuses a field that has one value and stands there twice: which of them counts would be told differently by us and by the service.
import { HallpassError } from '../errors/hallpass-error.ts'
import { rememberingSpellings } from './field-names.ts'

/** Request fields that are no lists (RFC 9110, RFC 6266, Trace Context, FHIR R4). Host and the framing are the guard's. */
const singletons: ReadonlySet<string> = new Set([
  ...['content-type', 'content-location', 'content-range', 'content-disposition', 'content-md5', 'range', 'user-agent', 'from', 'referer'],
  ...['if-range', 'if-modified-since', 'if-unmodified-since', 'if-none-exist', 'max-forwards', 'traceparent', 'x-provenance'],
])
const list = ''
const singletonName = rememberingSpellings(name => (singletons.has(name) ? name : list))
/** A comma outside of quotes: two types in one field are what two fields are (RFC 9110 section 5.3). */
const typeList = /^(?:[^",]|"(?:[^"\\]|\\.)*")*,/

/** The refusal, field-repeated, that names the field; undefined when nothing is there twice. */
export function judgeRepeated(rawHeaders: readonly string[]): HallpassError | undefined {
  const seen: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = singletonName(rawHeaders[index] as string)
    if (name === list) continue
    if (seen.includes(name) || (name === 'content-type' && typeList.test(rawHeaders[index + 1] as string)))
      return new HallpassError('field-repeated', { name })
    seen.push(name)
  }
  return undefined
}
