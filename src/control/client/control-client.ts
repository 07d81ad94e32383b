// The command line's side of the control socket.
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { HallpassError } from '../../errors/hallpass-error.ts'
import { type ErrorCode, errorTable } from '../../errors/table.ts'
import { connectToOwn } from './own-daemon.ts'
import type {
  CancelReport,
  CancelRequest,
  CertificateFacts,
  CertificateRemoval,
  CertificateReport,
  CertificateRequest,
  ExchangeReport,
  Failure,
  Instance,
  JournalReport,
  LoginOutcome,
  LoginReport,
  LoginRequest,
  LogoutReport,
  LogoutRequest,
  SecretRemoval,
  SecretReport,
  SecretRequest,
  StatusReport,
  TokenReport,
  TokenRequest,
} from './wire.ts'

export type ControlClient = {
  status(): Promise<StatusReport>
  login(body: LoginRequest): Promise<LoginReport>
  /** Resolves when the sign-in has ended well; rejects with its error. */
  outcome(id: string, signal?: AbortSignal): Promise<LoginOutcome>
  cancelLogin(body: CancelRequest): Promise<CancelReport>
  logout(body: LogoutRequest): Promise<LogoutReport>
  token(body: TokenRequest): Promise<TokenReport>
  stop(): Promise<void>
  journal(): Promise<JournalReport>
  /** The journal as an HTTP Archive. */
  har(): Promise<object>
  explain(id: string): Promise<ExchangeReport>
  secrets: {
    set(profile: string, secret: string, expires?: number): Promise<SecretReport>
    remove(profile: string, only?: 'previous'): Promise<number>
    list(): Promise<SecretReport[]>
  }
  certificates: {
    add(profile: string, material: Omit<CertificateRequest, 'profile'>): Promise<CertificateReport>
    remove(profile: string, only?: string): Promise<CertificateFacts['thumbprints'][]>
    list(): Promise<CertificateReport[]>
  }
}

/** JSON leaves out what is undefined. */
type Loose<T> = { [Name in keyof T]: T[Name] | undefined }

/**
 * A client of the daemon that left this instance file in `runtime`. Every call makes sure first that it talks to the user's own. Calls reject
 * with the daemon's HallpassError, or as connectToOwn does.
 */
export function connectControl(runtime: string, instance: Instance): ControlClient {
  const call = async <T>(method: string, path: string, body?: object, signal?: AbortSignal) =>
    exchange<T>(await connectToOwn(runtime, instance), method, path, body, signal)
  return {
    status: () => call('GET', '/status'),
    login: body => call('POST', '/login', body),
    outcome: (id, signal) => call('GET', `/login/${id}`, undefined, signal),
    cancelLogin: body => call('POST', '/login/cancel', body),
    logout: body => call('POST', '/logout', body),
    token: body => call('POST', '/token', body),
    stop: () => call('POST', '/stop', {}),
    journal: () => call('GET', '/journal'),
    har: () => call('GET', '/journal/har'),
    explain: id => call('GET', `/explain/${id}`),
    secrets: {
      set: (profile, secret, expires) => call('POST', '/secrets', { profile, secret, expires } satisfies Loose<SecretRequest>),
      remove: async (profile, only) =>
        (await call<{ count: number }>('POST', '/secrets/remove', { profile, only } satisfies Loose<SecretRemoval>)).count,
      list: () => call('GET', '/secrets'),
    },
    certificates: {
      add: (profile, material) => call('POST', '/certificates', { profile, ...material } satisfies CertificateRequest),
      remove: (profile, only) => call('POST', '/certificates/remove', { profile, only } satisfies Loose<CertificateRemoval>),
      list: () => call('GET', '/certificates'),
    },
  }
}

function exchange<T>(socket: Socket, method: string, path: string, body: object | undefined, signal?: AbortSignal): Promise<T> {
  const text = body && JSON.stringify(body)
  const headers = text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
  return new Promise((resolve, reject) => {
    const gone = (cause: unknown) => reject(new HallpassError('not-running', { where: '' }, { cause }))
    const call = request({ createConnection: () => socket, method, path, headers, ...(signal && { signal }) }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', gone)
      response.on('end', () => {
        const answer: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || 'null')
        if (response.statusCode === 200) resolve(answer as T)
        else reject(asError(answer as Failure))
      })
    })
    call.on('error', gone)
    call.end(text)
  })
}

function asError({ code, particulars }: Failure): HallpassError {
  if (code in errorTable) return new HallpassError(code as ErrorCode, particulars)
  return new HallpassError('internal', { what: 'the daemon is of another version; restart it with `hallpass stop` and `hallpass start`' })
}
