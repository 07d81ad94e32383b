// What can end an exchange on our side: the rules of a route, and the limits.
import { type ErrorEntry, entry } from '../entry.ts'

export const exchangeErrors = {
  'access-refused': entry(
    403,
    1,
    'forbidden',
    'The route {prefix} does not let this request pass: it is {interaction}, and "access" allows {allowed}.',
    'If it should pass, add "{interaction}" to "access" of the route {prefix}, or use a route that has no such rule.',
  ),
  'client-silent': entry(
    408,
    1,
    'timeout',
    'The client sent nothing more of its body, or took nothing of its answer, for {seconds} s.',
    'Send the request again; a client that needs longer breaks sets "clientTimeoutSeconds".',
  ),
  'too-many-connections': entry(
    503,
    1,
    'throttled',
    'Clients hold more than {limit} connections.',
    'Close some, or raise "maxConnections".',
  ),
  'no-such-exchange': entry(
    404,
    1,
    'not-found',
    'The journal remembers no exchange {id}.',
    'It keeps the last {size} exchanges of this run ("journalSize"); send the request again and look at once.',
  ),
  'log-unwritable': entry(
    500,
    1,
    'exception',
    'The log file cannot be written ({why}); it is left alone until the next start.',
    'Look at the state folder: space, owner and permissions.',
  ),
} as const satisfies Record<string, ErrorEntry>
