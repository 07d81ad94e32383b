// Codes about codes and refresh tokens that are no longer good.
import { type Meaning, meaning, signInAgain } from './meaning.ts'

export const grantCodes: Readonly<Record<string, Meaning>> = {
  50173: meaning('The sign-in was revoked.', 'The password was changed or reset, or an administrator has ended the sessions.', signInAgain),
  70000: meaning('The grant is not valid.', 'The kept refresh token is damaged, or is that of another application.', signInAgain),
  70008: meaning('The code or refresh token has expired.', 'It was not used in time.', signInAgain),
  700082: meaning('The refresh token has expired.', 'It was not used for 90 days.', signInAgain),
  54005: meaning(
    'The authorization code was used before.',
    'Its answer was delivered twice, as by a browser that loads pages ahead.',
    signInAgain,
  ),
  700005: meaning('The code is meant for another tenant.', 'The account signed in at another tenant than the profile names.', signInAgain),
  501481: meaning('The PKCE verifier does not fit the code.', 'The answer of another sign-in came in.', signInAgain),
  50147: meaning('The PKCE challenge is missing or does not fit.', 'The answer of another sign-in came in.', signInAgain),
  501491: meaning('The PKCE challenge has a wrong length.', 'Something in between changed the link.', signInAgain),
  50196: meaning(
    'Entra ID takes the client for one that asks in a loop.',
    'Many token requests came in a short time, perhaps of several programs with the same client ID.',
    'Wait five minutes, stop other programs that use the same client ID, then send the request again.',
  ),
}
