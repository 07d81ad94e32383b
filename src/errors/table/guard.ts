// Refusals of the guard: who may call, and what.
import { type ErrorEntry, entry } from '../entry.ts'

export const guardErrors = {
  'host-refused': entry(
    403,
    1,
    'forbidden',
    'The request names a host that is not this machine.',
    'Use http://localhost:{port}/ in the address; when you call by another name of this machine, add that name to `access.hosts` (or `--access-hosts`).',
  ),
  'browser-refused': entry(403, 1, 'forbidden', 'A web page of another origin may not use hallpass ({rule}).', '{fix}'),
  'peer-refused': entry(
    403,
    1,
    'forbidden',
    'The connection comes from another user of this machine (uid {uid}).',
    'If that user may use your sign-in, add the number to `access.allowUids` (or `--access-allow-uids`).',
  ),
  'key-required': entry(
    401,
    1,
    'login',
    'This request needs the key of this run in the field Hallpass-Key.',
    'It lies where only its owner reads: `curl -H @{file}` sends it. `access.key` says when it is needed.',
  ),
  'media-type-refused': entry(415, 1, 'not-supported', 'The control API takes JSON only.', 'Send the body as application/json.'),
  'peer-unknown': entry(
    403,
    1,
    'forbidden',
    'It cannot be told which user of this machine this connection comes from.',
    'Keep the connection open until the answer is there; `hallpass status` says what is checked.',
  ),
  'prefetch-refused': entry(403, 1, 'forbidden', 'Prefetching is not answered: it would act without the user.', 'Open the address itself.'),
  'upgrade-refused': entry(
    400,
    1,
    'not-supported',
    'Upgrading the connection is not supported.',
    'Send the request without the Upgrade field.',
  ),
  'method-refused': entry(405, 1, 'not-supported', 'This method is not taken here.', 'Use {methods}.'),
  'target-refused': entry(
    400,
    1,
    'invalid',
    'The request target is not a plain path ({rule}).',
    'Send the path as it stands in the service documentation, without dot segments, backslashes or encoded slashes.',
  ),
  'field-repeated': entry(
    400,
    1,
    'invalid',
    'The field {name} has two values, and takes one.',
    'Send {name} once; with curl, look for a second -H.',
  ),
  'framing-refused': entry(
    400,
    1,
    'invalid',
    'The framing of the request is ambiguous.',
    'Send one Content-Length, or Transfer-Encoding: chunked, not both.',
  ),
  'head-too-large': entry(
    431,
    1,
    'too-long',
    'The request head is too large, or has more than 100 fields.',
    'Send fewer or shorter fields, or raise "maxHeadBytes".',
  ),
  'request-malformed': entry(400, 1, 'invalid', 'The request is not valid HTTP/1.1.', 'Check the client; `curl -v` shows a valid request.'),
  'request-timeout': entry(408, 1, 'timeout', 'The request head did not arrive in time.', 'Send the request at once after connecting.'),
} as const satisfies Record<string, ErrorEntry>
