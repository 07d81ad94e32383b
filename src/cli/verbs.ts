// Every verb once: what it is for, what it takes, and where it is found. Help and parsing come from here.
import type { Command } from './io.ts'

export type OptionDefinition = { description: string; value?: string }

export type VerbDefinition = {
  summary: string
  /** Positional words, as help shows them; at most this many are taken. */
  words?: { text: string; most: number }
  options: Readonly<Record<string, OptionDefinition>>
  /** Takes a flag for every setting of the configuration, but these. */
  settings?: { except: readonly string[] }
  load: () => Promise<Command>
}

const port: OptionDefinition = { value: 'PORT', description: 'The daemon on this port (default: the one that runs).' }
const output: OptionDefinition = { value: 'FORMAT', description: 'text or json.' }

const config: OptionDefinition = {
  value: 'FILE',
  description:
    'The configuration (default: hallpass.jsonc in this folder or above it, else in your configuration folder). [HALLPASS_CONFIG]',
}

export const verbs: Readonly<Record<string, VerbDefinition>> = {
  try: {
    summary: 'the built-in sandbox: sign-in, FHIR and DICOM with no Azure account',
    options: { fault: { value: 'NAME', description: 'Let the sandbox fail in this way; an unknown name lists them.' } },
    settings: { except: ['vault'] },
    load: async () => (await import('./try.ts')).runTry,
  },
  start: {
    summary: 'the daemon, in the foreground',
    options: { config },
    settings: { except: [] },
    load: async () => (await import('./start.ts')).runStart,
  },
  stop: { summary: 'stop the daemon', options: { port }, load: async () => (await import('./stop.ts')).runStop },
  status: {
    summary: 'what runs, who is signed in, where tokens rest',
    options: { port, output },
    load: async () => (await import('./status.ts')).runStatus,
  },
  login: {
    summary: 'sign in ahead of the first request',
    words: { text: '[PROFILE]', most: 1 },
    options: {
      port,
      choose: { description: 'Choose the account, even when somebody is signed in.' },
      cancel: { description: 'End the sign-in that waits.' },
    },
    load: async () => (await import('./login.ts')).runLogin,
  },
  logout: {
    summary: 'forget who is signed in',
    words: { text: '[PROFILE]', most: 1 },
    options: { port, all: { description: 'Every profile.' } },
    load: async () => (await import('./logout.ts')).runLogout,
  },
  secret: {
    summary: 'client secrets into the vault: set and remove PROFILE, or list',
    words: { text: 'set|remove|list [PROFILE]', most: 2 },
    options: {
      port,
      config,
      output,
      expires: {
        value: 'DATE',
        description: 'set: when the secret expires, as 2027-05-25 (default: 180 days from now, which is assumed).',
      },
      previous: { description: 'remove: only the one before the newest.' },
    },
    load: async () => (await import('./secret.ts')).runSecret,
  },
  cert: {
    summary: 'certificates into the vault: new, import, show, remove PROFILE',
    words: { text: 'new|import|show|remove PROFILE [FILE...|THUMBPRINT]', most: 4 },
    options: {
      port,
      config,
      output,
      days: { value: 'N', description: 'new: how long it is good (default: 180).' },
      bits: { value: 'N', description: 'new: size of the RSA key, 2048, 3072 or 4096 (default: 3072).' },
      out: { value: 'FOLDER', description: 'new: where the public part is written (default: this folder).' },
      'password-stdin': { description: 'import: the password of the file is piped in. [AZURE_CLIENT_CERTIFICATE_PASSWORD]' },
      thumbprint: { value: 'HEX', description: 'import: only if it is this one, SHA-1 or SHA-256.' },
      'send-chain': { description: 'import: send the certificates along (x5c), for trust by subject and issuer.' },
      previous: { description: 'remove: only the one before the newest.' },
    },
    load: async () => (await import('./cert.ts')).runCert,
  },
  config: {
    summary: 'what is configured and why; its faults; where it is; its schema; trust in a project file',
    words: { text: 'show|validate|path|schema|trust [PATH]', most: 2 },
    options: { config, output },
    settings: { except: [] },
    load: async () => (await import('./config.ts')).runConfig,
  },
  explain: {
    summary: 'why a request was refused, or what an error code of Entra ID means; what to do',
    words: { text: 'ID|AADSTS…', most: 1 },
    options: { port, output },
    load: async () => (await import('./explain.ts')).runExplain,
  },
  journal: {
    summary: 'the last exchanges: what, how long, which answer; no health data',
    options: { port, output: { value: 'FORMAT', description: 'text, json, or har for an HTTP Archive.' } },
    load: async () => (await import('./journal.ts')).runJournal,
  },
  token: {
    summary: 'print the access token of a route, for scripts that insist',
    words: { text: '[ROUTE]', most: 1 },
    options: { port, output, header: { description: 'Print the whole Authorization field.' } },
    load: async () => (await import('./token.ts')).runToken,
  },
  reset: {
    summary: 'show every trace of hallpass on this machine, and remove it on yes',
    options: {
      yes: { description: 'Remove without asking.' },
      'with-config': { description: 'Your own configuration file too.' },
      'keep-keychain': { description: 'Leave the OS keychain as it is.' },
    },
    load: async () => (await import('./reset.ts')).runReset,
  },
}
