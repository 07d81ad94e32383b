// Certificates from the verb to the service: made or imported, they sign in at the sandbox; each wrong one gets its own error.
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeCertificate, type KeyAndChain } from '../../src/identity/certificates/client-certificate.ts'
import { makeCertificate } from '../../src/identity/certificates/make-certificate.ts'
import { day } from '../../src/terms/expiry.ts'
import { openWorkshop, pkcs12Kinds } from '../fixtures/openssl.ts'
import { clientId, startRegistered } from '../harness/application.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const shop = openWorkshop(t)
shop.certificate('good')

/** The public part that `cert new` wrote last. */
function newestPem(folder: string, known: readonly string[] = []): string {
  const name = readdirSync(folder).find(file => file.endsWith('.pem') && !known.includes(file)) ?? ''
  return readFileSync(join(folder, name), 'utf8')
}

t.test('a certificate made by cert new signs in at the sandbox', async t => {
  const { hallpass, ask, upload, home, grants, clock } = await startRegistered(t, { credential: 'certificate' })
  t.match(await ask(), { status: 503, error: 'credential-missing', text: /hallpass cert new dev/ })
  const made = await hallpass(['cert', 'new', 'dev', '--bits', '2048', '--days', '90'])
  t.match(made, { code: 0, out: /public part .*\.cer \(DER\)\n.*\.pem \(PEM\)\n/, err: /in the memory of this process, and nowhere else/ })
  t.match(made.err, new RegExp(`az ad app credential reset --id ${clientId} --cert "@${home.path}/hallpass-dev-[0-9A-F]{8}.pem" --append`))
  const pem = newestPem(home.path)
  const { thumbprints, bits } = describeCertificate(pem)
  t.equal(bits, 2048)
  t.ok(made.out.includes(thumbprints.sha1) && made.out.includes(thumbprints.sha256))
  t.match(await ask(), { status: 502, error: 'token-refused', text: /AADSTS700027/ }, 'Entra ID does not know it yet')
  upload(pem)
  clock.advance(2_000) // the pause after a failure
  t.match(await ask(), { status: 200 })
  t.equal(grants(), 2)
  const { out: token } = await hallpass(['token', 'fhir'])
  t.match(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()), { appid: clientId, appidacr: '2' })
  const shown = await hallpass(['cert', 'show', 'dev'])
  t.equal(shown.out, pem, 'the public part alone is on stdout, to be uploaded')
  t.match(shown.err, /kept, in use/)
  t.match((await hallpass(['status'])).out, /certificate until \d{4}-/)
  t.match(await hallpass(['cert', 'remove', 'dev']), { code: 0, err: new RegExp(`${thumbprints.sha1} of dev is forgotten`) })
  t.match(await ask(), { error: 'credential-missing' })
  t.match(await hallpass(['cert', 'show', 'dev']), { code: 1, err: /No certificate of profile dev is kept/ })
})

t.test('a certificate imported from each kind of PKCS#12 and PEM signs in, whichever way its password comes', async t => {
  const { hallpass, ask, upload, grants } = await startRegistered(t, { credential: 'certificate' })
  upload(shop.read('good.crt'))
  const ways = [
    { args: ['--password-stdin'], circumstances: { input: 'correct horse' } },
    { args: [], circumstances: { typed: ['correct horse'] } },
    { args: [], circumstances: { env: { AZURE_CLIENT_CERTIFICATE_PASSWORD: 'correct horse' } } },
  ]
  const signsIn = async (what: string) => {
    const before = grants()
    t.match(await ask(), { status: 200 }, what)
    t.equal(grants(), before + 1, 'with a token of its own')
    t.match(await hallpass(['cert', 'remove', 'dev']), { code: 0 })
  }
  for (const [index, [kind, args]] of Object.entries(pkcs12Kinds).entries()) {
    shop.pkcs12('good', 'good.pfx', 'correct horse', ...args)
    const way = ways[index % ways.length] ?? { args: [], circumstances: {} }
    const taken = await hallpass(['cert', 'import', 'dev', shop.path('good.pfx'), ...way.args], way.circumstances)
    t.match(taken, { code: 0, err: /rests in the memory of this process/, out: /SHA-1 +[0-9A-F]{40}/ }, kind)
    t.notMatch(taken.out + taken.err, /horse/)
    await signsIn(kind)
  }
  t.match(await hallpass(['cert', 'import', 'dev', shop.path('good.crt'), shop.path('good.key')]), { code: 0 })
  await signsIn('PEM in two files')
  shop.openssl('pkcs8', '-topk8', '-in', 'good.key', '-out', 'locked.key', '-passout', 'pass:correct horse')
  const locked = ['cert', 'import', 'dev', shop.path('good.crt'), shop.path('locked.key')]
  t.match(await hallpass([...locked, '--send-chain'], { typed: ['correct horse'] }), { code: 0, err: /Password of the file: / })
  await signsIn('an encrypted key, and the certificate sent along')
})

t.test('a person signs in with a confidential client that proves itself with a certificate', async t => {
  const both = await startRegistered(t, { credential: 'certificate', flow: 'authorization-code' })
  both.upload(shop.read('good.crt'))
  await both.hallpass(['cert', 'import', 'dev', shop.path('good.crt'), shop.path('good.key')])
  const answer = fetch(`${both.daemon.url}/fhir/Patient?_count=1`)
  t.equal((await signInByForm(await both.opening())).status, 200)
  t.equal((await answer).status, 200)
  t.equal(both.grants('authorization_code'), 1)
  const { out } = await both.hallpass(['token', 'fhir', '--output', 'json'])
  const claims = Buffer.from(JSON.parse(out).token.split('.')[1] ?? '', 'base64url').toString()
  t.match(JSON.parse(claims), { appidacr: '2', scp: /user_impersonation/ })
})

t.test('a new certificate that Entra ID does not know yet costs no request: the one before it serves', async t => {
  const { hallpass, ask, upload, home, told, events } = await startRegistered(t, { credential: 'certificate' })
  upload(shop.read('good.crt'))
  await hallpass(['cert', 'import', 'dev', shop.path('good.crt'), shop.path('good.key')])
  t.match(await ask(), { status: 200 })
  t.match(await hallpass(['cert', 'new', 'dev', '--bits', '2048']), { code: 0, err: /the certificate before it serves/ })
  t.match(await ask(), { status: 200 })
  t.match(await told('credential-fallback'), { profile: 'dev', summary: /newest certificate of profile dev; the one before it serves/ })
  t.match((await hallpass(['status'])).out, /the newest certificate is not taken by Entra ID yet; the one before it serves/)
  t.match((await hallpass(['cert', 'show', 'dev'])).err, /certificate +newest\n[\s\S]*certificate +previous, in use\n/)

  upload(newestPem(home.path))
  t.match(await hallpass(['logout', 'dev']), { code: 0 })
  t.match(await ask(), { status: 200 })
  t.match(await told('credential-accepted'), { profile: 'dev', credential: 'certificate' })
  t.equal(events.filter(({ event }) => event === 'credential-fallback').length, 1, 'told once')
  t.match(await hallpass(['cert', 'remove', 'dev', '--previous']), { code: 0, err: /previous certificate .* is forgotten/ })
  t.match(await ask(), { status: 200 })
})

t.test('thumbprint with colons accepted and normalised', async t => {
  const { hallpass, ask, upload } = await startRegistered(t, { credential: 'certificate' })
  upload(shop.read('good.crt'))
  const { sha1, sha256 } = describeCertificate(shop.read('good.crt').toString()).thumbprints
  const withColons = (digits: string) => digits.match(/../g)?.join(':') ?? ''
  const files = [shop.path('good.crt'), shop.path('good.key')]
  for (const written of [withColons(sha256), withColons(sha1).toLowerCase(), ` ${sha1} `, `\u200e${sha1.toLowerCase()}`, sha256]) {
    t.match(await hallpass(['cert', 'import', 'dev', ...files, '--thumbprint', written]), { code: 0 }, written)
    t.match(await ask(), { status: 200 }, 'what Entra ID is told is computed from the certificate')
    t.match(await hallpass(['cert', 'remove', 'dev', written]), { code: 0, err: /is forgotten/ })
  }
  const other = sha1.replace(/^./, digit => (digit === 'A' ? 'B' : 'A'))
  t.match(await hallpass(['cert', 'import', 'dev', ...files, '--thumbprint', other]), {
    code: 1,
    err: new RegExp(`thumbprint ${other}.\n.*${sha1}`),
  })
  await hallpass(['cert', 'import', 'dev', ...files])
  t.match(await hallpass(['cert', 'remove', 'dev', other]), { code: 1, err: /No certificate here has the thumbprint/ })
})

t.test('each wrong certificate gets its own error from the verb, and the vault stays as it is', async t => {
  const { hallpass, home } = await startRegistered(t, { credential: 'certificate' })
  const id = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
  const file = (name: string, mode = 0o600) => {
    const path = join(home.path, name)
    writeFileSync(path, Buffer.concat([shop.read('good.key'), shop.read('good.crt')]), { mode })
    chmodSync(path, mode)
    return path
  }
  symlinkSync(file('real.pem'), join(home.path, 'link.pem'))
  mkdirSync(join(home.path, 'folder.pem'))
  const { sha1 } = describeCertificate(shop.read('good.crt').toString()).thumbprints
  shop.certificate('short', { key: ['rsa:1024'] })
  const past = { notBefore: Date.now() - 2 * day, notAfter: Date.now() - day }
  const old = await makeCertificate({ name: 'old', bits: 2048, ...past })
  const future = await makeCertificate({ name: 'future', bits: 2048, notBefore: Date.now() + day, notAfter: Date.now() + 2 * day })
  const write = (name: string, { privateKey, chain }: KeyAndChain) => {
    writeFileSync(join(home.path, name), privateKey + chain.join(''), { mode: 0o600 })
    return name
  }
  for (const [what, files, code, err] of [
    ['a Certificate ID', [id], 2, /is a Certificate ID/],
    ['a thumbprint', [sha1], 2, /That is the thumbprint of a certificate/],
    ['no such file', ['none.pfx'], 2, /There is no file .*none\.pfx/],
    ['readable by the group', [file('group.pem', 0o640)], 1, /other users may read or change it\.\n.*chmod 600/],
    ['readable by everybody', [file('world.pem', 0o604)], 1, /other users may read or change it/],
    ['a link', ['link.pem'], 1, /it is a symbolic link; name the file itself/],
    ['a folder', ['folder.pem'], 1, /it is a folder/],
    ['a device', ['/dev/null'], 1, /it is not a file/],
    ['a short key', [shop.path('short.crt'), shop.path('short.key')], 1, /1024 bits; at least 2048/],
    ['an expired one', [write('old.pem', old)], 1, /The certificate expired on/],
    ['one that is not valid yet', [write('future.pem', future)], 1, /not valid before/],
    [
      'not a certificate',
      [join(home.path, 'run', 'hallpass', readdirSync(join(home.path, 'run', 'hallpass')).find(name => name.endsWith('.json')) ?? '')],
      1,
      /neither PEM nor PKCS#12/,
    ],
  ] as const)
    t.match(await hallpass(['cert', 'import', 'dev', ...files]), { code, out: '', err }, what)
  t.match(await hallpass(['cert', 'import', 'nobody', join(home.path, 'real.pem')]), { code: 2, err: /There is no profile nobody/ })
  t.match(await hallpass(['cert', 'import', 'dev']), { code: 2, err: /Name the file/ })
  const byId = ['cert', 'import', 'dev', 'none.pfx', '--thumbprint', id]
  t.match(await hallpass(byId), { code: 2, err: /is a Certificate ID[\s\S]*Name the thumbprint/ })
  t.match(await hallpass(['cert', 'new', 'dev', '--bits', '1024']), { code: 2, err: /--bits takes 2048/ })
  t.match(await hallpass(['cert', 'new', 'dev', '--days', '0']), { code: 2, err: /--days takes/ })
  t.match(await hallpass(['cert', 'remove', 'dev', id]), { code: 2, err: /is a Certificate ID/ })
  t.match(await hallpass(['cert', 'show', 'dev']), { code: 1, err: /No certificate of profile dev is kept/ })
})

t.test('a public certificate may be readable by everybody, and a file alone is told to lack its key', async t => {
  const { hallpass } = await startRegistered(t, { credential: 'certificate' })
  chmodSync(shop.path('good.crt'), 0o644)
  t.match(await hallpass(['cert', 'import', 'dev', shop.path('good.crt')]), { code: 1, err: /not its private key/ })
  t.match(await hallpass(['cert', 'import', 'dev', shop.path('good.crt'), shop.path('good.key')]), { code: 0 })
})

t.test('AZURE_CLIENT_CERTIFICATE_PATH stands in where the vault has none, and says what is wrong with it', async t => {
  shop.pkcs12('good', 'env.pfx', 'correct horse')
  const given = (password: string | undefined) => ({
    environmentCertificate: { path: shop.path('env.pfx'), password, sendChain: true, clientId },
  })
  const right = await startRegistered(t, { credential: 'certificate', credentials: given('correct horse') })
  right.upload(shop.read('good.crt'))
  t.match(await right.ask(), { status: 200 })
  t.match((await right.hallpass(['cert', 'show', 'dev'])).err, /AZURE_CLIENT_CERTIFICATE_PATH, in use/)
  const warnings = () => right.events.filter(({ event }) => event === 'credential-expiring').length
  t.equal(warnings(), 1, 'it is good for 30 days, which is told at the start')
  t.match((await right.hallpass(['status'])).out, /The certificate of profile dev expires in \d+ days, on /)
  right.clock.advance(day)
  t.equal(warnings(), 2, 'and once a day')
  const wrong = await startRegistered(t, { credential: 'certificate', credentials: given('mule') })
  t.match(await wrong.ask(), { status: 503, error: 'environment-certificate', text: /The password does not open the file/ })
  t.equal(wrong.grants(), 0, 'Entra ID is not asked')
  t.match(await wrong.told('credential-trouble'), { code: 'environment-certificate' }, 'and it is told at the start')
})
