// Certificates as they come: every kind of file is read, and every wrong one gets its own error before MSAL sees it.
import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { checkCertificate } from '../../src/identity/certificates/client-certificate.ts'
import { makeCertificate } from '../../src/identity/certificates/make-certificate.ts'
import { readCertificate } from '../../src/identity/certificates/read-certificate.ts'
import { openWorkshop, pkcs12Kinds } from '../fixtures/openssl.ts'

const day = 24 * 3_600_000
const shop = openWorkshop(t)
shop.certificate('good')
shop.certificate('other')

/** Reads and checks, as every way in does. */
async function take(files: string | readonly string[], password?: string, now = Date.now()) {
  const material = await readCertificate(
    [files].flat().map(name => shop.read(name)),
    password,
  )
  return { ...material, facts: checkCertificate(material, now) }
}

const thumbprint = (name: string) => new X509Certificate(shop.read(name)).fingerprint256.replaceAll(':', '')

t.test('PKCS#12 of every kind is read, with any password', async t => {
  for (const [kind, args] of Object.entries(pkcs12Kinds))
    for (const password of ['correct horse', 'Grüße, 世界', '']) {
      shop.pkcs12('good', 'good.pfx', password, ...args)
      const { facts } = await take('good.pfx', password || undefined)
      t.equal(facts.thumbprints.sha256, thumbprint('good.crt'), `${kind}, password "${password}"`)
    }
})

t.test('PEM of every kind is read', async t => {
  shop.openssl('pkcs8', '-topk8', '-in', 'good.key', '-out', 'pkcs8.key', '-passout', 'pass:horse', '-v2', 'aes-256-cbc')
  shop.openssl('rsa', '-in', 'good.key', '-out', 'pkcs1.key', '-traditional')
  shop.openssl('rsa', '-in', 'good.key', '-out', 'old.key', '-traditional', '-aes256', '-passout', 'pass:horse')
  for (const [key, password] of [
    ['good.key', undefined],
    ['pkcs1.key', undefined],
    ['pkcs8.key', 'horse'],
    ['old.key', 'horse'],
  ] as const) {
    t.equal((await take([key, 'good.crt'], password)).facts.thumbprints.sha256, thumbprint('good.crt'), key)
    t.equal((await take(['good.crt', key], password)).facts.bits, 2048, 'in any order')
  }
  shop.openssl('x509', '-in', 'good.crt', '-outform', 'der', '-out', 'good.cer')
  t.equal((await take(['good.key', 'good.cer'])).facts.subject, 'CN=good', 'the certificate may be DER')
})

t.test('of several certificates, that of the key comes first and its issuers follow', async t => {
  shop.openssl('req', '-new', '-key', 'good.key', '-out', 'leaf.csr', '-subj', '/CN=leaf')
  shop.openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'other.crt', '-CAkey', 'other.key', '-days', '9', '-out', 'leaf.crt')
  const { chain, facts } = await take(['other.crt', 'leaf.crt', 'good.key'])
  t.equal(facts.subject, 'CN=leaf')
  t.strictSame(
    chain.map(pem => new X509Certificate(pem).subject),
    ['CN=leaf', 'CN=other'],
  )
  shop.certificate('stray')
  t.equal((await take(['leaf.crt', 'stray.crt', 'good.key'])).chain.length, 1, 'what did not issue it is left out')
})

t.test('a certificate that we make is good at once, strict enough for openssl, and carries what Entra ID looks at', async t => {
  const now = Date.now()
  for (const bits of [2048, 3072] as const) {
    const made = await makeCertificate({ name: 'hallpass dev', bits, notBefore: now - 60_000, notAfter: now + 180 * day })
    const facts = checkCertificate(made, now)
    t.match(facts, { bits, subject: 'CN=hallpass dev' })
    const certificate = new X509Certificate(made.chain[0] ?? '')
    t.ok(certificate.verify(certificate.publicKey), 'self-signed')
    t.equal(certificate.ca, false)
    t.match(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'client authentication')
    t.match(facts.thumbprints, { sha1: /^[0-9A-F]{40}$/, sha256: /^[0-9A-F]{64}$/ })
  }
})

t.test('each wrong file gets its own error', async t => {
  shop.certificate('short', { key: ['rsa:1024'] })
  shop.certificate('curve', { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] })
  shop.pkcs12('good', 'good.pfx', 'horse')
  shop.pkcs12('good', 'old.pfx', 'horse', '-legacy')
  shop.pkcs12('good', 'nomac.pfx', 'horse', '-nomac')
  shop.pkcs12('curve', 'curve.pfx', 'horse')
  shop.openssl('pkcs12', '-export', '-nokeys', '-in', 'good.crt', '-out', 'nokey.pfx', '-passout', 'pass:horse')
  shop.openssl('pkcs12', '-export', '-nocerts', '-inkey', 'good.key', '-out', 'nocert.pfx', '-passout', 'pass:horse')
  shop.openssl('pkcs8', '-topk8', '-in', 'good.key', '-out', 'pkcs8.key', '-passout', 'pass:horse')
  const wrong: readonly [string, string | string[], string | undefined, string][] = [
    ['a key of 1024 bits', ['short.key', 'short.crt'], undefined, 'certificate-key-short'],
    ['an EC key', ['curve.key', 'curve.crt'], undefined, 'certificate-key-kind'],
    ['an EC key in PKCS#12', 'curve.pfx', 'horse', 'certificate-key-kind'],
    ['a key of another certificate', ['good.key', 'other.crt'], undefined, 'certificate-key-mismatch'],
    ['no key', 'good.crt', undefined, 'certificate-no-key'],
    ['no key in PKCS#12', 'nokey.pfx', 'horse', 'certificate-no-key'],
    ['the public part in DER', 'good.cer', undefined, 'certificate-no-key'],
    ['no certificate', 'good.key', undefined, 'certificate-none'],
    ['no certificate in PKCS#12', 'nocert.pfx', 'horse', 'certificate-none'],
    ['two keys', ['good.key', 'other.key', 'good.crt'], undefined, 'certificate-several-keys'],
    ['no password', 'good.pfx', undefined, 'certificate-password-missing'],
    ['no password, old encryption', 'old.pfx', undefined, 'certificate-password-missing'],
    ['no password, no MAC', 'nomac.pfx', undefined, 'certificate-password-missing'],
    ['no password for PKCS#8', ['pkcs8.key', 'good.crt'], undefined, 'certificate-password-missing'],
    ['a wrong password', 'good.pfx', 'mule', 'certificate-password-wrong'],
    ['a wrong password, old encryption', 'old.pfx', 'mule', 'certificate-password-wrong'],
    ['a wrong password, no MAC', 'nomac.pfx', 'mule', 'certificate-password-wrong'],
    ['a wrong password beyond ASCII', 'good.pfx', 'Mülheim', 'certificate-password-wrong'],
    ['a wrong password for PKCS#8', ['pkcs8.key', 'good.crt'], 'mule', 'certificate-password-wrong'],
  ]
  shop.openssl('x509', '-in', 'good.crt', '-outform', 'der', '-out', 'good.cer')
  for (const [what, files, password, code] of wrong) {
    const error = await take(files, password).then(
      () => undefined,
      thrown => thrown,
    )
    t.ok(error instanceof HallpassError, what)
    t.equal(error?.code, code, what)
    t.notMatch(`${error?.summary}${error?.remedy}`, /undefined|\{\w+\}|horse|mule/, 'it says what it means, and nothing secret')
  }
  await t.rejects(take(['good.key', 'good.crt'], undefined, Date.now() + 31 * day), { code: 'certificate-expired' })
  await t.rejects(take(['good.key', 'good.crt'], undefined, Date.now() - 2 * day), { code: 'certificate-not-yet' })
})

t.test('no damage to a file causes anything but an error of ours', async t => {
  shop.pkcs12('good', 'good.pfx', 'horse')
  const pem = Buffer.concat([shop.read('good.key'), shop.read('good.crt')])
  const codes = new Set<string>()
  const pieces = process.env.HALLPASS_TEST_FULL ? 400 : 40
  for (const whole of [shop.read('good.pfx'), pem, shop.read('good.cer')])
    for (let piece = 0; piece < pieces; piece++) {
      const at = Math.floor((whole.length * piece) / pieces)
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 0x55
      for (const bytes of [flipped, whole.subarray(0, at)]) {
        const end = await readCertificate([bytes], 'horse')
          .then(
            material => checkCertificate(material, Date.now()),
            thrown => thrown,
          )
          .catch(thrown => thrown)
        if (end instanceof HallpassError) codes.add(end.code)
        else t.equal(end?.bits, 2048, `at ${at}: ${end}`)
      }
    }
  t.notOk(codes.has('internal'))
  t.ok(codes.size > 3, [...codes].join(', '))
})
