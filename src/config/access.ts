// The rules of the settings in `access` that no schema can say: which origins and names may be let in.
import { isLoopback } from '../terms/service-url.ts'
import type { Complaint } from './audience.ts'
import { quoted } from './fault.ts'

/** What is wrong with the value of a setting (which has the right shape), each with the index of the entry that is meant. */
export function complainOfAccess(name: string, value: unknown): (Complaint & { index: number })[] {
  const complain = name === 'access.allowedOrigins' ? complainOfOrigin : name === 'access.hosts' ? complainOfHost : undefined
  if (!complain || !Array.isArray(value)) return []
  return value.flatMap((entry: string, index) => {
    const complaint = complain(entry)
    return complaint ? [{ index, ...complaint }] : []
  })
}

/** An origin is compared letter by letter with what a browser sends, so it has to be written as browsers write it (RFC 6454 section 6.2). */
function complainOfOrigin(text: string): Complaint | undefined {
  if (text === 'null')
    return {
      what: 'the origin "null" would let in every sandboxed page',
      fix: 'Serve your page from an address of its own, and write that.',
    }
  if (text.includes('*')) return { what: `${quoted(text)} is a pattern, and origins are exact`, fix: 'Write each origin out.' }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { what: `${quoted(text)} is no origin`, fix: 'Write scheme, host and port, such as "http://localhost:3000".' }
  return url.origin === text ? undefined : { what: `${quoted(text)} is not as browsers write it`, fix: `Write ${quoted(url.origin)}.` }
}

function complainOfHost(text: string): Complaint | undefined {
  const fix = 'Write the name alone, in small letters, without port, such as "host.docker.internal".'
  if (!/^(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/.test(text) || text.length > 253)
    return { what: `${quoted(text)} is no host name`, fix }
  // `0.0.0.0` and a neighbour's address would open what only the Host rule closes.
  return /^[0-9.]+$|^0x/.test(text) ? { what: `${quoted(text)} is an address, not a name`, fix } : undefined
}

/** True for an origin on this machine, which is all that a project file may let in. */
export function isLoopbackOrigin(text: string): boolean {
  return URL.canParse(text) && isLoopback(new URL(text))
}
