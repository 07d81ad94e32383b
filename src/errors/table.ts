// Every refusal and failure of ours: what it means, what to do, and the codes that tell programs.

/** Issue types that an OperationOutcome of ours may carry (FHIR R4, value set issue-type). */
export type IssueType =
  | 'login'
  | 'forbidden'
  | 'invalid'
  | 'not-found'
  | 'not-supported'
  | 'too-long'
  | 'throttled'
  | 'transient'
  | 'timeout'
  | 'exception'

export type ErrorEntry = {
  /** One sentence: what is the matter. `{name}` is filled from the error's particulars. */
  summary: string
  /** The one thing to do about it. */
  remedy: string
  /** HTTP status of our answer (RFC 9110). */
  status: number
  /** Exit code of a command that ends with it: 1 failed, 2 usage or bad config, 3 not running, 4 sign-in needed. */
  exitCode: 1 | 2 | 3 | 4
  issue: IssueType
}

const entry = (status: number, exitCode: 1 | 2 | 3 | 4, issue: IssueType, summary: string, remedy: string): ErrorEntry => ({
  summary,
  remedy,
  status,
  exitCode,
  issue,
})

export const errorTable = {
  // The command line
  usage: entry(500, 2, 'invalid', '{what}', 'Run `{command} --help` to see what it takes.'),
  'not-running': entry(
    500,
    3,
    'transient',
    'No hallpass daemon is running{where}.',
    'Start one with `hallpass start`, or `hallpass try` for the sandbox.',
  ),
  'several-running': entry(500, 2, 'invalid', 'Several hallpass daemons are running: {which}.', 'Name one with `--port PORT`.'),
  internal: entry(
    500,
    1,
    'exception',
    'hallpass itself failed: {what}',
    'This is a defect of hallpass; please report it with the steps that led here.',
  ),

  // The configuration
  'config-missing': entry(
    500,
    2,
    'invalid',
    'There is no configuration at {path}.',
    'Write one as the README shows, name one with `--config FILE`, or run `hallpass try` for the sandbox.',
  ),
  'config-unreadable': entry(
    500,
    2,
    'invalid',
    'The configuration {path} cannot be read: {why}.',
    'Mend the file or its permissions, or name another with `--config FILE`.',
  ),
  'config-syntax': entry(
    500,
    2,
    'invalid',
    '{path}:{line}:{column}: {what}.',
    'Mend the file at that place: it is JSON, comments and trailing commas are allowed.',
  ),
  'config-invalid': entry(500, 2, 'invalid', '{path}:{line}:{column}: {what}.', '{fix}'),
  'config-untrusted': entry(
    500,
    2,
    'forbidden',
    'The project file {path} says where your tokens go, and its present content was not trusted yet.',
    'Read it, then run `hallpass config trust "{path}"`; or name your own file with `--config FILE`.',
  ),
  'setting-invalid': entry(500, 2, 'invalid', '{source}: {what}.', '{fix}'),
  'config-replaced': entry(
    503,
    1,
    'transient',
    'The configuration changed while this waited for a sign-in.',
    'Send the request again: the new configuration is in force.',
  ),
  'not-there-yet': entry(
    500,
    2,
    'not-supported',
    'Profile {profile}: {what} is not there yet.',
    'Use `"flow": "authorization-code"`, or `"client-credentials"` with `"credential": "secret"`.',
  ),
  'port-taken': entry(
    500,
    1,
    'transient',
    'Port {port} on {address} is held by another process.',
    'Stop that process, or choose a port with `--port PORT`. hallpass listens on both loopback addresses or on none: a stranger on the other one would receive your requests.',
  ),
  'port-refused': entry(
    500,
    1,
    'forbidden',
    'Port {port} on {address} cannot be opened: {why}.',
    'Choose another port with `--port PORT`; ports below 1024 are for the system.',
  ),
  'already-running': entry(
    500,
    1,
    'transient',
    'A hallpass daemon (process {pid}) already runs on port {port}.',
    'Use it, or stop it with `hallpass stop --port {port}`.',
  ),
  'state-folder-unsafe': entry(
    500,
    1,
    'forbidden',
    'The folder {path} is not safe to use: {why}.',
    'It must be a real folder of yours that only you can enter: `chmod 700` it, or remove it.',
  ),
  'sandbox-failed': entry(
    500,
    1,
    'exception',
    'The sandbox did not start: {what}',
    'Run `npm run build` if it was never built; otherwise see the lines above.',
  ),

  // The guard: who may call, and what
  'host-refused': entry(
    403,
    1,
    'forbidden',
    'The request names a host that is not this machine.',
    'Use http://localhost:{port}/ in the address.',
  ),
  'browser-refused': entry(
    403,
    1,
    'forbidden',
    'A web page of another origin may not use hallpass ({rule}).',
    'If the page is your own app, call hallpass from its server side for now.',
  ),
  'prefetch-refused': entry(403, 1, 'forbidden', 'Prefetching is not answered: it would act without the user.', 'Open the address itself.'),
  'upgrade-refused': entry(
    400,
    1,
    'not-supported',
    'Upgrading the connection is not supported.',
    'Send the request without the Upgrade field.',
  ),
  'method-refused': entry(405, 1, 'not-supported', 'This method is not forwarded.', 'Use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.'),
  'target-refused': entry(
    400,
    1,
    'invalid',
    'The request target is not a plain path ({rule}).',
    'Send the path as it stands in the service documentation, without dot segments, backslashes or encoded slashes.',
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
    'The request head is too large: at most 100 fields and 16 KiB.',
    'Send fewer or shorter fields.',
  ),
  'request-malformed': entry(400, 1, 'invalid', 'The request is not valid HTTP/1.1.', 'Check the client; `curl -v` shows a valid request.'),
  'request-timeout': entry(408, 1, 'timeout', 'The request head did not arrive in time.', 'Send the request at once after connecting.'),

  // Signing in
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
    'Port {port} of the redirect URI is held by another process on {address}, which would receive the sign-in.',
    'Stop that process, or register a redirect URI without a port of its own, such as http://localhost/-/callback.',
  ),
  'too-many-waiting': entry(
    503,
    1,
    'throttled',
    'Too many requests already wait for the sign-in ({limit}).',
    'Finish the sign-in in your browser, then send the request again.',
  ),
  'credential-missing': entry(
    503,
    4,
    'login',
    'Profile {profile} proves itself with a {kind}, and none is kept.',
    'Put the secret into the vault: `hallpass secret set {profile}`.',
  ),
  'secret-is-id': entry(
    503,
    2,
    'login',
    'What was given as client secret is the Secret ID, not the secret.',
    'Copy the Value instead; the portal shows it only right after it was made. Make a new one if it is gone.',
  ),
  'secret-not-wanted': entry(
    409,
    2,
    'invalid',
    'Profile {profile} takes no client secret: its credential is {credential}.',
    'Set `"credential": "secret"` in the profile first.',
  ),
  'secret-empty': entry(
    400,
    2,
    'invalid',
    'No secret was given.',
    'Pipe it in, or run the command in a terminal and type it at the prompt.',
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

  // The vault
  'vault-absent': entry(500, 1, 'exception', 'There is no usable OS keychain: {why}.', '{fix}'),
  'vault-locked': entry(
    500,
    1,
    'exception',
    'The OS keychain is locked.',
    'Unlock it (log in to the desktop, or open your password manager), then try again; `--vault memory` starts without it.',
  ),
  'vault-timeout': entry(
    500,
    1,
    'timeout',
    'The OS keychain did not answer within {seconds} s.',
    'Look for its prompt on your desktop, restart the keyring if there is none; `--vault memory` starts without it.',
  ),
  'vault-ambiguous': entry(
    500,
    1,
    'exception',
    'More than one item matches ours in {where}.',
    'Remove the one that another program made, or start with `--vault memory`.',
  ),
  'vault-unreadable': entry(
    500,
    1,
    'exception',
    'The document in {where} cannot be read: {why}.',
    'It was left untouched. Use the version of hallpass that wrote it, or remove the item and sign in again.',
  ),
  'vault-too-large': entry(
    500,
    1,
    'too-long',
    'The document does not fit into {where}: an item there holds at most {limit} bytes.',
    'Start with `--vault memory`; you then sign in again after every restart.',
  ),
  'vault-item-gone': entry(
    500,
    1,
    'exception',
    'What hallpass wrote to {where} is gone.',
    'Sign in again. If you did not remove it, see whether the keyring was reset or replaced.',
  ),
  'vault-in-use': entry(
    500,
    1,
    'exception',
    'Another hallpass daemon (process {pid}, port {port}) keeps its tokens in the same keychain item.',
    'Use that one, stop it, or start this one with `--vault memory`.',
  ),

  // The way to the service
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
  'origin-timeout': entry(
    504,
    1,
    'timeout',
    'The service behind {prefix} did not answer within {seconds} s.',
    'Try again with a smaller request, or look at the service itself.',
  ),
  'shutting-down': entry(503, 1, 'transient', 'hallpass is stopping.', 'Send the request again once it runs.'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable
