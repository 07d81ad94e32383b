// Codes of the device code flow.
import { login, type Meaning, meaning, type Said } from './meaning.ts'

const newCode: Said = here => `Get a new code: \`${login(here)}\`.`

export const deviceCodes: Readonly<Record<string, Meaning>> = {
  70016: meaning(
    'Nobody has entered the code yet.',
    'It waits for the person.',
    'Enter the code on the page that was shown with it; there is nothing else to do.',
  ),
  70018: meaning('The code is wrong.', 'It was mistyped, or was used before.', newCode),
  70019: meaning('The code has expired.', 'A code is good for 15 minutes.', newCode),
  70020: meaning('The device code has expired.', 'Nobody entered the code within 15 minutes.', newCode),
}
