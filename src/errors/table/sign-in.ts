// What ends a sign-in or keeps a token away.
import { type ErrorEntry, entry } from '../entry.ts'

export const signInErrors = {
  'sign-in-required': entry(
    401,
    4,
    'login',
    'Nobody is signed in for profile {profile}.',
    'Run `hallpass login`, or open {link} in your browser.',
  ),
  'sign-in-wait-over': entry(
    503,
    4,
    'login',
    'The sign-in for profile {profile} was not finished within {seconds} s.',
    'Finish it in your browser ({link}), then send the request again.',
  ),
  'sign-in-expired': entry(503, 4, 'login', 'The sign-in was not finished in time.', 'Start again: `hallpass login`.'),
  'sign-in-cancelled': entry(401, 4, 'login', 'The sign-in was cancelled.', 'Start again when you are ready: `hallpass login`.'),
  'sign-in-refused': entry(401, 4, 'login', 'Entra ID refused the sign-in: {what}', '{fix}'),
  'grant-ended': entry(401, 4, 'login', 'Entra ID wants a new sign-in for profile {profile}: {what}', '{fix}'),
  'signed-out': entry(
    401,
    4,
    'login',
    'Somebody signed out of profile {profile} meanwhile.',
    'Sign in again when you are ready: `hallpass login {profile}`.',
  ),
  'sign-in-state': entry(
    400,
    1,
    'invalid',
    'This answer belongs to no pending sign-in.',
    'Start the sign-in again; the one that is pending, if any, goes on.',
  ),
  'no-such-profile': entry(404, 2, 'not-found', 'There is no profile {profile}.', 'Profiles here: {profiles}.'),
  'no-such-route': entry(404, 2, 'not-found', 'There is no route {route}.', 'Routes here: {routes}.'),
  'redirect-port-taken': entry(
    503,
    1,
    'transient',
    'Port {port} of the redirect URI is held by another process{owner} on {address}, which would receive the sign-in.',
    'Stop that process, or register a redirect URI without a port of its own, such as http://localhost/-/callback.',
  ),
  'too-many-waiting': entry(
    503,
    1,
    'throttled',
    'Too many requests already wait for the sign-in ({limit}).',
    'Finish the sign-in in your browser, then send the request again.',
  ),
  'token-refused': entry(502, 1, 'login', 'Entra ID gave no token for {audience}: {what}', '{fix}'),
  'entra-unreachable': entry(
    503,
    1,
    'transient',
    'Entra ID ({host}) could not be reached: {why}.',
    'Check the network, the proxy settings and the clock, then try again.',
  ),
  'entra-unclear': entry(
    503,
    1,
    'transient',
    'Entra ID ({host}) gave an answer that is not its own: {why}.',
    'Something between you and Entra ID answers in its place, such as a captive portal or a proxy: open a page in your browser and look.',
  ),
} as const satisfies Record<string, ErrorEntry>
