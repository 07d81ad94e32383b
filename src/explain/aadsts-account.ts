// Codes about the account that signs in.
import { login, type Meaning, meaning, type Said, signInAgain } from './meaning.ts'

const another: Said = here =>
  `Set "prompt": "select_account" in the profile and choose an account of this tenant: \`${login(here)}\`; or have it invited as a guest.`

export const accountCodes: Readonly<Record<string, Meaning>> = {
  50020: meaning('The account belongs to another directory.', 'The browser proposed an account that is not of this tenant.', another),
  90072: meaning(
    'The account belongs to another directory and cannot do what this tenant demands.',
    'The browser proposed an account that is not of this tenant.',
    another,
  ),
  50034: meaning(
    'There is no such account in the directory.',
    'The user name is mistyped, or tenantId is that of another tenant.',
    another,
  ),
  51004: meaning('There is no such account in the directory any more.', 'It was deleted, or belongs to another tenant.', another),
  50057: meaning(
    'The account is disabled.',
    'An administrator has disabled it.',
    'Ask the administrator to enable it: Entra ID > Users > the user > Edit properties > Account enabled.',
  ),
  50058: meaning(
    'Nobody is signed in with this browser.',
    'A sign-in without a question was tried, and somebody has to answer.',
    signInAgain,
  ),
  50089: meaning('The sign-in took too long.', 'Its page stayed open until it was no longer good.', signInAgain),
}
