// Every refusal and failure of ours: what it means, what to do, and the codes that tell programs.
import type { ErrorEntry } from './entry.ts'
import { commandLineErrors } from './table/command-line.ts'
import { configurationErrors } from './table/configuration.ts'
import { credentialErrors } from './table/credentials.ts'
import { exchangeErrors } from './table/exchange.ts'
import { guardErrors } from './table/guard.ts'
import { originErrors } from './table/origin.ts'
import { signInErrors } from './table/sign-in.ts'
import { vaultErrors } from './table/vault.ts'

export type { ErrorEntry } from './entry.ts'

export const errorTable = {
  ...commandLineErrors,
  ...configurationErrors,
  ...guardErrors,
  ...exchangeErrors,
  ...signInErrors,
  ...credentialErrors,
  ...vaultErrors,
  ...originErrors,
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable
