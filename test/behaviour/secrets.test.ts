// Client secrets: how they get in, how one takes the other's place without an outage, and what is told of them.
import t from 'tap'
import { takeAzureCredentials } from '../../src/cli/azure-credentials.ts'
import { day } from '../../src/terms/expiry.ts'
import { clientId, startRegistered } from '../harness/application.ts'

t.test('secret that looks like a GUID: "that is the Secret ID", before any network call', async t => {
  const id = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
  const { hallpass, ask, grants } = await startRegistered(t, { credential: 'secret' })
  for (const text of [id, `${id}\n`, `{${id.toUpperCase()}}`])
    t.match(await hallpass(['secret', 'set', 'dev'], { input: text }), { code: 2, err: /is the Secret ID, not the secret/ })
  t.match(await ask(), { error: 'credential-missing' })
  t.equal(grants(), 0)
  const given = await startRegistered(t, { credential: 'secret', credentials: { environmentSecret: { secret: id, clientId } } })
  t.match(await given.ask(), { error: 'secret-is-id' })
  t.equal(given.grants(), 0)
})

t.test('a new secret that Entra ID does not take yet costs no request: the one before it serves, and this is said', async t => {
  const both = await startRegistered(t, { credential: 'secret', secrets: [{}, { end: Date.now() - day }, {}] })
  const { hallpass, ask, secrets, told, events, clock } = both
  const [first = '', expired = '', second = ''] = secrets
  t.match(await hallpass(['secret', 'set', 'dev'], { input: ` ${first}\r\n` }), {
    code: 0,
    err: /expires +20\d\d-\d\d-\d\d, in 180 days \(assumed\)/,
  })
  t.match(await ask(), { status: 200 }, 'blanks around it are no part of it')
  // AADSTS7000222, and AADSTS7000215: the number does not matter.
  for (const refused of [expired, 'not.known.anywhere']) {
    t.match(await hallpass(['secret', 'set', 'dev'], { input: first }), { code: 0 })
    t.match(await ask(), { status: 200 })
    t.match(await hallpass(['secret', 'set', 'dev'], { input: refused }), {
      code: 0,
      err: /previous +stays beside it until `hallpass secret remove dev --previous`/,
    })
    t.match(await ask(), { status: 200 })
    t.match(await told('credential-fallback'), { code: 'credential-fallback', remedy: /hallpass secret set dev/ })
    t.match((await hallpass(['secret', 'list'])).out, /dev +newest +\S+ .*\n +previous, in use +\S+ /)
    t.match((await hallpass(['status'])).out, /the newest secret is not taken by Entra ID yet; the one before it serves/)
  }
  t.equal(events.filter(({ event }) => event === 'credential-fallback').length, 2, 'once for each')

  t.match(await hallpass(['secret', 'set', 'dev'], { input: second }), { code: 0 })
  t.match(await ask(), { status: 200 })
  const { out } = await hallpass(['secret', 'list', '--output', 'json'])
  t.match(JSON.parse(out), { version: 1, secrets: [{ profile: 'dev', kept: [{ inUse: true }, { inUse: false }] }] })
  t.equal(JSON.parse(out).secrets[0].kept.length, 2, 'never more than two')
  for (const secret of secrets) t.notOk(out.includes(secret))
  t.match(await hallpass(['secret', 'remove', 'dev', '--previous']), { code: 0, err: /The previous client secret of dev is forgotten/ })
  t.match(await hallpass(['secret', 'remove', 'dev', '--previous']), { code: 0, err: /No previous client secret of dev was kept/ })

  await hallpass(['secret', 'set', 'dev'], { input: 'wrong' })
  await hallpass(['secret', 'set', 'dev'], { input: 'also.wrong' })
  clock.advance(60_000)
  t.match(await ask(), { status: 502, error: 'token-refused', text: /AADSTS7000215/ }, 'when all are refused, the newest says why')
})

t.test('the secret that was refused is taken over when Entra ID takes it', async t => {
  const { hallpass, ask, secrets, sandbox, told } = await startRegistered(t, { credential: 'secret' })
  await hallpass(['secret', 'set', 'dev'], { input: secrets[0] ?? '' })
  t.match(await ask(), { status: 200 })
  await hallpass(['secret', 'set', 'dev'], { input: 'made.but.not.spread.yet' })
  t.match(await ask(), { status: 200 })
  await told('credential-fallback')
  const registered = sandbox.applications.find(({ appId }) => appId === clientId)?.secrets as unknown as { value: string }[]
  registered[0] = { ...registered[0], value: 'made.but.not.spread.yet' }
  t.match(await hallpass(['logout', 'dev']), { code: 0 })
  t.match(await ask(), { status: 200 })
  t.match(await told('credential-accepted'), { profile: 'dev', credential: 'secret' })
})

t.test('the day on which a secret expires is taken as ISO 8601 writes it, and no other way', async t => {
  const { hallpass } = await startRegistered(t, { credential: 'secret' })
  const set = (expires: string) => hallpass(['secret', 'set', 'dev', '--expires', expires], { input: 'secret' })
  const year = new Date().getUTCFullYear() + 1
  t.match(await set(`${year}-02-28`), { code: 0, err: new RegExp(`expires +${year}-02-28, in \\d+ days\n`) })
  t.match(await set(`${year}-02-28T12:00:00Z`), { code: 0 })
  for (const wrong of [`${year}-02-31`, '2020-01-01', `28.02.${year}`, `${year}`, 'soon', '', '99999-01-01'])
    t.match(await set(wrong), { code: 2, err: /is no day to come\.\n.*such as \d{4}-/ }, wrong)
  t.match(await hallpass(['secret', 'list']), { out: new RegExp(`dev +kept +\\S+ +${year}-02-28`) })
  t.match(await hallpass(['secret', 'set', 'dev'], { input: ' \n' }), { code: 2, err: /No secret was given/ })
  t.match(await hallpass(['cert', 'new', 'dev', '--bits', '2048']), { code: 2, err: /takes no certificate: its credential is secret/ })
})

t.test('logout --all forgets the tokens that applications got for themselves', async t => {
  const { hallpass, ask, secrets, grants } = await startRegistered(t, { credential: 'secret' })
  await hallpass(['secret', 'set', 'dev'], { input: secrets[0] ?? '' })
  t.match(await ask(), { status: 200 })
  t.match(await ask(), { status: 200 })
  t.equal(grants(), 1)
  t.match(await hallpass(['logout', '--all']), { code: 0, err: /Signed out: dev/ })
  t.match(await ask(), { status: 200 })
  t.equal(grants(), 2, 'neither memory nor vault had one left')
})

t.test('what is secret in the environment of the Azure SDKs is taken out of it', async t => {
  const env = {
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: 'canary-one',
    AZURE_CLIENT_CERTIFICATE_PATH: '/somewhere.pfx',
    AZURE_CLIENT_CERTIFICATE_PASSWORD: 'canary-two',
    AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true',
    PATH: '/bin',
  }
  t.strictSame(takeAzureCredentials(env), {
    environmentSecret: { secret: 'canary-one', clientId },
    environmentCertificate: { path: '/somewhere.pfx', password: 'canary-two', sendChain: true, clientId },
  })
  t.notMatch(JSON.stringify(env), /canary/)
  t.strictSame(takeAzureCredentials({}), { environmentSecret: undefined, environmentCertificate: undefined })
})
