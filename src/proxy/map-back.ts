// Maps our own links back to the service's on the way out, so that no address of this machine is ever stored.

import { HallpassError } from '../errors/hallpass-error.ts'
import { pathOf, queryOf } from '../terms/request-target.ts'
import { addCoding, ContentDecoder, readableCoding, readableOffer } from './content-decoder.ts'
import { isBinary, isReadable, spellingOfRequest } from './content-type.ts'
import type { FindLinks, RouteLinks } from './links.ts'
import { type CountUrls, MappedBody, refusingUnmapped } from './mapped-body.ts'
import type { Outgoing, RequestStep } from './steps.ts'
import type { Spelling } from './url-spelling.ts'
import { replaceUrls } from './url-text.ts'

/** Fields that are stored (what no route covers is refused) or searched by, and how URLs are spelt in them. */
const urlFields: Readonly<Record<string, { spelling: Spelling; table: 'mapBack' | 'mapBackQuery' }>> = {
  'content-location': { spelling: 'plain', table: 'mapBack' },
  'x-provenance': { spelling: 'json-or-percent', table: 'mapBack' },
  'if-none-exist': { spelling: 'percent', table: 'mapBackQuery' },
}
/** Fields that do not hold for the bytes of a body that is looked at: it goes out decoded, and perhaps changed. */
const ofBytes: ReadonlySet<string> = new Set(['content-md5', 'digest', 'content-digest', 'repr-digest', 'content-encoding'])

/**
 * The step that maps back. It leaves alone: routes that say so, what is neither JSON, XML nor a form, a body with several content codings (one
 * is taken off), and a FHIR Binary's content. Throws link-unmapped for a URL of our own port that no route covers, where it would be stored,
 * and charset-refused for a body in which it would not be found.
 */
export function createMapBack(findLinks: FindLinks): RequestStep {
  return (outgoing, exchange) => {
    const { route, caller, request } = exchange
    if (route.localise === false) return
    const links = findLinks(route, caller.host)
    exchange.tally.otherLoopbackUrls = 0
    const count: CountUrls = counted => {
      exchange.tally.otherLoopbackUrls += counted
    }
    outgoing.target = mapTarget(outgoing.target, links, count)
    const { type, coding } = mapFields(outgoing, links, count)
    const readable = readableCoding(coding)
    const spelling = outgoing.hasBody && (coding === '' || readable) ? spellingOfRequest(type) : undefined
    if (!spelling || isBinary(route, request.method ?? '', (request.url ?? '').slice(route.prefix.length))) return
    if (!isReadable(type)) throw new HallpassError('charset-refused')
    outgoing.fields = withoutBytes(outgoing.fields)
    if (readable) outgoing.through.push(new ContentDecoder(readable, () => new HallpassError('body-undecodable')))
    outgoing.rewrites.push(new MappedBody(spelling === 'percent' ? links.mapBackQuery : links.mapBack, spelling, count))
  }
}

/** A query is searched by, not stored: what no route covers passes. */
function mapTarget(target: string, { mapBackQuery }: RouteLinks, count: CountUrls): string {
  const query = queryOf(target)
  return query === '' ? target : `${pathOf(target)}?${replaceUrls(mapBackQuery, 'percent', query, count)}`
}

function mapFields({ fields }: Outgoing, links: RouteLinks, count: CountUrls): { type: string; coding: string } {
  const head = { type: '', coding: '' }
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    const value = fields[index + 1] as string
    if (name === 'content-type') head.type = value
    else if (name === 'content-encoding') head.coding = addCoding(head.coding, value)
    else if (name === 'accept-encoding') fields[index + 1] = readableOffer(value)
    else if (Object.hasOwn(urlFields, name)) fields[index + 1] = mapField(name, value, links, count)
  }
  return head
}

function mapField(name: string, value: string, links: RouteLinks, count: CountUrls): string {
  const { spelling, table } = urlFields[name] as (typeof urlFields)[string]
  return refusingUnmapped(
    () => replaceUrls(links[table], spelling, value, count),
    () => `in the field ${name}`,
  )
}

function withoutBytes(fields: readonly string[]): string[] {
  return fields.filter((_, index) => !ofBytes.has(fields[index - (index % 2)] as string))
}
