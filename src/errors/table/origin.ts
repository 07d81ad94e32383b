// What can go wrong on the way to the service.
import { type ErrorEntry, entry } from '../entry.ts'

export const originErrors = {
  'no-route': entry(404, 1, 'not-found', 'No route of hallpass begins with this path.', 'Routes here: {routes}.'),
  'origin-unreachable': entry(
    502,
    1,
    'transient',
    'The service behind {prefix} ({origin}) could not be reached: {why}.',
    'Check the origin in the configuration, the network, and that the service is up.',
  ),
  'origin-broken': entry(
    502,
    1,
    'exception',
    'The service behind {prefix} broke off or sent what is not valid HTTP: {why}.',
    'Try again; if it stays, look at the service itself.',
  ),
  'token-echo': entry(
    502,
    1,
    'exception',
    'The service behind {prefix} sent the access token back in its answer, which is withheld.',
    'Tell whoever runs the service that it repeats the Authorization field; check that the origin in the configuration is the right one.',
  ),
  'origin-timeout': entry(
    504,
    1,
    'timeout',
    'The service behind {prefix} did not begin its answer within {seconds} s.',
    'Try again with a smaller request, or give it more time: "answerTimeoutSeconds".',
  ),
  'origin-silent': entry(
    504,
    1,
    'timeout',
    'The service behind {prefix} fell silent in the middle of its answer, for {seconds} s.',
    'Try again, or give it more time: "silenceTimeoutSeconds".',
  ),
  'origin-connect-timeout': entry(
    504,
    1,
    'timeout',
    'No connection to the service behind {prefix} ({origin}) within {seconds} s.',
    'Check the network, the corporate proxy and the origin in the configuration, or give it more time: "connectTimeoutSeconds".',
  ),
  'answer-inflates': entry(
    502,
    1,
    'exception',
    'The service behind {prefix} sent a compressed body that becomes more than a hundred times as long.',
    'Ask for it without compression (Accept-Encoding: identity), or look at the service itself.',
  ),
  'link-unmapped': entry(
    422,
    1,
    'invalid',
    'The request holds an address of hallpass that is below none of its routes ({place}); stored, it would lead nowhere.',
    'Write an address below a route, such as http://localhost:3447/fhir/Patient/1, or the service’s own, and send it again.',
  ),
  'body-undecodable': entry(
    400,
    1,
    'invalid',
    'The request body is not in the content coding that it names, or becomes more than a hundred times as long.',
    'Send it without Content-Encoding.',
  ),
  'shutting-down': entry(503, 1, 'transient', 'hallpass is stopping.', 'Send the request again once it runs.'),
} as const satisfies Record<string, ErrorEntry>
