// The commands of "Use DICOMweb Standard APIs with cURL" (Microsoft Learn), with the real curl, a real token and the page's UIDs.
import { generateKeyPair, SignJWT } from 'jose'
import { test } from 'tap'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { dicomAudience } from '../../src/sandbox/tenant.ts'
import { dicomFile } from './dicom-files.ts'
import { authorizeUrl, claimsOf, dicomScope, redeem, refresh, signIn } from './identity-client.ts'
import { followTutorial, tutorialFiles } from './tutorial.ts'

async function tokenOf({ identity }: Sandbox, username: string): Promise<{ dicom: string; fhir: string }> {
  const base = `${identity.url}/${identity.tenantId}`
  const { body } = await redeem(base, (await signIn(authorizeUrl(base), username)).get('code'))
  const second = await refresh(base, body.refresh_token, { scope: dicomScope })
  return { fhir: body.access_token ?? '', dicom: second.body.access_token ?? '' }
}

test('every command of the page does what the page says', { timeout: 60_000 }, async t => {
  const sandbox = await startSandbox()
  t.teardown(sandbox.close)
  const { dicom } = await tokenOf(sandbox, 'ada@sandbox.example')
  await followTutorial(t, sandbox.dicom.url, ['--header', `Authorization: Bearer ${dicom}`])
})

test('tokens for somebody else, expired, of another key, and people without the role are refused in the documented shape', async t => {
  const time = { ahead: 0 }
  const sandbox = await startSandbox({ clock: () => Date.now() + time.ahead, accessTokenSeconds: 600 })
  t.teardown(sandbox.close)
  const ask = (token: string, init: RequestInit = {}) => {
    const headers = { ...init.headers, ...(token !== '' && { authorization: `Bearer ${token}` }) }
    return fetch(`${sandbox.dicom.url}/studies`, { ...init, headers })
  }
  const shape = async (response: Response) => [response.status, await response.text(), response.headers.get('www-authenticate')]
  const { fhir, dicom } = await tokenOf(sandbox, 'ada@sandbox.example')
  t.equal((await ask(dicom)).status, 200)

  const challenge = `Bearer authorization_uri="${sandbox.identity.url}/${sandbox.identity.tenantId}", resource_id="${dicomAudience}", realm="${dicomAudience}"`
  t.same(await shape(await ask('')), [401, '', challenge], 'none')
  const invalid = (description: RegExp) => [
    401,
    '',
    new RegExp(`^Bearer error="invalid_token", error_description="${description.source}"$`),
  ]
  t.match(await shape(await ask(fhir)), invalid(/The audience '.+' is invalid/))
  const { privateKey } = await generateKeyPair('RS256')
  const kid = JSON.parse(Buffer.from(dicom.split('.')[0] ?? '', 'base64url').toString()).kid
  const forged = await new SignJWT(claimsOf(dicom)).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
  t.match(await shape(await ask(forged)), invalid(/The signature is invalid/))
  const reader = (await tokenOf(sandbox, 'ben@sandbox.example')).dicom
  t.equal((await ask(reader)).status, 200)
  const upload = {
    method: 'POST',
    body: new Uint8Array(dicomFile(tutorialFiles['red-triangle'])),
    headers: { 'content-type': 'application/dicom' },
  }
  t.same(await shape(await ask(reader, upload)), [403, 'Authorization failed.', null], 'a reader may not write')
  const { dicom: roleless } = await tokenOf(sandbox, 'nora@sandbox.example')
  t.same(await shape(await ask(roleless)), [403, 'Authorization failed.', null], 'nor may everybody read')
  time.ahead = 3_600_000
  t.match(await shape(await ask(dicom)), invalid(/The token expired at '.+'/))
})
