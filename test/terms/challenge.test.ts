// A service's Bearer challenge, in the forms that services send, and in forms that nobody should.
import t from 'tap'
import { parseChallenge } from '../../src/terms/challenge.ts'

const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
const encoded = Buffer.from(claims).toString('base64')

t.test('the forms of Azure’s services are read', async t => {
  t.match(parseChallenge('Bearer error="invalid_token", error_description="The audience is invalid"'), {
    error: 'invalid_token',
    errorDescription: 'The audience is invalid',
    claims: undefined,
  })
  const audience = 'https://ws-fhir.fhir.azurehealthcareapis.com'
  t.match(
    parseChallenge(`Bearer authorization_uri="https://login.microsoftonline.com/tid", resource_id="${audience}", realm="${audience}"`),
    { authorizationUri: 'https://login.microsoftonline.com/tid', resourceId: audience, realm: audience, error: undefined },
  )
  t.match(parseChallenge(`Bearer realm="", authorization_uri="https://x", error="insufficient_claims", claims="${encoded}"`), {
    realm: '',
    error: 'insufficient_claims',
    claims,
  })
  t.match(parseChallenge('Bearer'), { error: undefined, realm: undefined })
})

t.test('claims come in either alphabet, padded or not; anything but a JSON object is none', async t => {
  const inQuotes = (text: string) => parseChallenge(`Bearer claims="${text}"`)?.claims
  const wide = JSON.stringify({ access_token: { text: '\u00ff?>~~' } })
  for (const alphabet of ['base64', 'base64url'] as const) t.equal(inQuotes(Buffer.from(wide).toString(alphabet)), wide, alphabet)
  t.equal(inQuotes(encoded.replace(/=+$/, '')), claims)
  t.equal(inQuotes(claims.replaceAll('"', '\\"')), claims, 'plain JSON with its quotes escaped')
  for (const bad of ['', 'bm90IGpzb24=', btoa('[1]'), btoa('null'), btoa('"text"'), '%%%', btoa(JSON.stringify({ a: 'x'.repeat(5000) }))])
    t.equal(inQuotes(bad), undefined, `"${bad.slice(0, 20)}"`)
})

t.test('among several challenges Bearer counts, and of several Bearers the one with claims', async t => {
  t.match(parseChallenge('Basic realm="a", Bearer error="invalid_token", Negotiate'), { error: 'invalid_token', realm: undefined })
  t.match(parseChallenge('Negotiate YWJjZA==, bearer realm=x'), { realm: 'x' })
  t.match(parseChallenge(`Bearer error="invalid_token", Bearer error="insufficient_claims", claims="${encoded}"`), {
    error: 'insufficient_claims',
    claims,
  })
  t.match(parseChallenge('Bearer realm="a, Bearer error=no" , error = "yes"'), { realm: 'a, Bearer error=no', error: 'yes' })
  t.match(parseChallenge('BEARER Error="first", error="second"'), { error: 'first' }, 'names have no case; the first counts')
  for (const none of ['', 'Basic realm="x"', 'realm="x"', ',,,', '"', '= = =', `Bearer realm="${'x'.repeat(20_000)}"`])
    t.equal(parseChallenge(none), undefined, none.slice(0, 20))
})

t.test('a field made to be slow is read in no time', async t => {
  for (const unit of ['"', '\\"', 'a=', 'a ', ', ', 'Bearer ', 'a="\\', '=,', '\t']) {
    const text = unit.repeat(Math.floor(16_000 / unit.length))
    const before = process.cpuUsage()
    parseChallenge(text)
    parseChallenge(`Bearer a="${text}`)
    const { user, system } = process.cpuUsage(before)
    t.ok(user + system < 250_000, JSON.stringify(unit))
  }
})
