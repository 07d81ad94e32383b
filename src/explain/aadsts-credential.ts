// Codes about how an application proves that it is itself: secrets, certificates, assertions.
import { inRegistration, type Meaning, meaning, renewCredential } from './meaning.ts'

const certificates = inRegistration('Certificates & secrets > Certificates')

export const credentialCodes: Readonly<Record<string, Meaning>> = {
  7000215: meaning(
    'The client secret is wrong.',
    'It is the Secret ID instead of the Value, an old secret, or that of another application.',
    renewCredential,
  ),
  7000222: meaning(
    'The client secret has expired.',
    'Secrets made in the portal last 180 days unless somebody chose otherwise.',
    renewCredential,
  ),
  7000216: meaning(
    'The application acts for itself and sent no credential.',
    'The profile’s flow is client-credentials, and nothing proves who it is.',
    `Set "credential": "secret" or "certificate" in the profile, then \`hallpass secret set PROFILE\` or \`hallpass cert new PROFILE\`; both belong under ${inRegistration('Certificates & secrets')} too.`,
  ),
  70002: meaning('The client’s credentials are not valid.', 'The secret is wrong or missing, or was garbled on the way.', renewCredential),
  700027: meaning(
    'The signature of the client’s assertion does not verify.',
    'The certificate is not uploaded, has expired, is not RSA, or the clock of this machine is wrong.',
    ({ name = 'PROFILE' }) =>
      `Compare the thumbprint that \`hallpass cert show ${name}\` prints with those under ${certificates}; upload the public part if it is not there (\`az ad app credential reset --id CLIENT-ID --cert @cert.pem --append\`).`,
  ),
  700024: meaning(
    'The client’s assertion is not valid at this time.',
    'The clock of this machine is more than five minutes off.',
    'Set the clock: `timedatectl set-ntp true` on Linux, "Set time automatically" elsewhere.',
  ),
  700021: meaning(
    'The client’s assertion is for another application.',
    'The clientId changed while the daemon ran.',
    'Restart hallpass: `hallpass stop`, then `hallpass start`.',
  ),
  700023: meaning(
    'The client’s assertion is for another authority.',
    'The profile’s tenantId or authorityHost is that of another cloud or tenant.',
    `Copy "Directory (tenant) ID" from ${inRegistration('Overview')} and let "authorityHost" name its cloud.`,
  ),
  50027: meaning(
    'A token in the request is malformed.',
    'The assertion was garbled on the way, or made with a key that does not fit.',
    `Make a new one, \`hallpass cert new PROFILE\`, and upload its public part under ${certificates}.`,
  ),
}
