// The catalogue of Entra ID's codes: whole, plain, each with one remedy, printed offline.
import t from 'tap'
import { explainAadsts, findAadsts, knownAadsts, parseAadsts } from '../../src/explain/aadsts.ts'
import type { Here } from '../../src/explain/meaning.ts'
import { aadsts } from '../../src/sandbox/identity/aadsts.ts'
import { createHome, hallpass } from '../harness/hallpass.ts'

/** The codes that developers of Azure Health Data Services meet, as Microsoft's reference and their reports have them. */
const met = `7000215 7000222 7000218 7000216 700025 700027 70002 700016 90002 900023 50194 9001023 50011 500113 900971 90102 700054 70005
  9002326 9002327 65001 65004 90094 90095 650053 650057 65005 650056 500011 70011 700022 28000 901002 9010010 50105 50076 50079 50072 50078
  53003 53000 53001 53002 530032 530035 530003 50020 90072 50034 51004 50057 50058 50173 70008 700082 700084 70043 70044 54005 700005 501481
  50147 90014 900144 9002313 70016 70018 70019 70020 50196 900432 900382`.split(/\s+/)

const heres: Here[] = [
  {},
  { name: 'dev', flow: 'authorization-code', credential: 'none', redirectUri: { host: '127.0.0.1', port: 8400, path: '/Auth/' } },
  { name: 'dev', flow: 'authorization-code', credential: 'certificate', redirectUri: { host: 'localhost', port: undefined, path: '/' } },
  { name: 'dev', flow: 'device-code', credential: 'none' },
  { name: 'job', flow: 'client-credentials', credential: 'secret' },
]

t.test('every code that is met, and every one that the sandbox sends, is explained, with one remedy for each way to sign in', async t => {
  const missing = [...met, ...Object.keys(aadsts)].filter(code => !knownAadsts.includes(code))
  t.strictSame(missing, [])
  t.ok(met.length >= 43)
  const faults = knownAadsts.flatMap(code =>
    heres.flatMap(here => {
      const { summary = '', cause = '', remedy = '' } = findAadsts(code, here) ?? {}
      const bad = [summary, cause, remedy].filter(sentence => !/^[`A-Z].*[.)]$/s.test(sentence) || /undefined|\[object/.test(sentence))
      return remedy.length > 320 ? [...bad, `${code}: a remedy is one thing to do`] : bad
    }),
  )
  t.strictSame(faults, [], 'whole sentences everywhere')
})

t.test('a remedy fits the profile that met the code', async t => {
  const [, native, web, device, job] = heres
  t.match(
    explainAadsts('AADSTS50011', native).remedy,
    /http:\/\/127\.0\.0\.1:8400\/Auth\/ to the platform "Mobile and desktop applications"/,
  )
  t.match(explainAadsts('AADSTS50011', web).remedy, /http:\/\/localhost\/ to the platform "Web"/)
  t.match(explainAadsts('AADSTS7000218', device).remedy, /Allow public client flows/)
  t.match(explainAadsts('AADSTS53003', device), { cause: /block the device code flow/, remedy: /"flow": "authorization-code"/ })
  t.notMatch(explainAadsts('AADSTS53003', native).cause, /device code/)
  t.match(explainAadsts('AADSTS53003').cause, /device code/)
  t.match(explainAadsts('AADSTS7000215', job).remedy, /hallpass secret set job/)
  t.match(explainAadsts('AADSTS65001', job).remedy, /administrator/)
  t.match(explainAadsts('AADSTS99999', native), { cause: '', remedy: /error\?code=99999.*hallpass login dev/ })
})

t.test('a code is read in the forms in which it is copied', async t => {
  for (const text of ['AADSTS50011', 'aadsts50011', '50011', ' 50011 ', 'AADSTS50011: The redirect URI …\r\nTrace ID: x'])
    t.equal(parseAadsts(text), '50011', text)
  for (const text of ['', 'AADSTS', '123', '123456789', 'x50011', '50011x', '5001a', '__proto__'])
    t.equal(parseAadsts(text), undefined, text)
})

t.test('hallpass explain prints all of it without a daemon, a configuration or a network', async t => {
  const home = createHome({ https_proxy: 'http://127.0.0.1:1' })
  t.teardown(() => home.remove())
  t.match(await hallpass(home, ['explain', 'AADSTS50011']), {
    code: 0,
    stdout:
      /^AADSTS50011: The redirect URI .* is not registered\.\n\n {2}Likely cause {2}.*\n {2}What to do .*Authentication.*\n {2}Microsoft .*code=50011\n$/,
  })
  const { stdout } = await hallpass(home, ['explain', '--output', 'json', '7000215'])
  t.match(JSON.parse(stdout), { version: 1, code: 'AADSTS7000215', summary: /wrong/, cause: /Secret ID/, remedy: /copy its Value/ })
  t.match(await hallpass(home, ['explain', '99999']), {
    code: 1,
    stdout: '',
    stderr: /AADSTS99999 is not in the catalogue[\s\S]*error\?code=99999/,
  })
  t.match(await hallpass(home, ['explain', 'banana']), { code: 2, stderr: /"banana" is no code of Entra ID/ })
  t.match(await hallpass(home, ['explain']), { code: 2, stderr: /Say what to explain/ })
})
