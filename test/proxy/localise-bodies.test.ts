// Which URLs of a body become ours, in every spelling that a service may use, and which only look like it.
import t from 'tap'
import { UrlScanner } from '../../src/proxy/url-scanner.ts'
import type { Spelling } from '../../src/proxy/url-spelling.ts'
import { dicomOrigin, fhirOrigin, linksOf, ours, routes } from '../fixtures/link-tables.ts'

const localise = (text: string, by = routes.fhir, spelling: Spelling = 'json') =>
  new UrlScanner(linksOf(by).localise, spelling).whole(Buffer.from(text)).toString()

const holds = (name: string, cases: readonly (readonly [before: string, after: string])[], by = routes.fhir) =>
  t.test(name, async t => {
    for (const [before, after] of cases) t.equal(localise(before, by), after, before)
  })

const host = fhirOrigin.slice('https://'.length)

holds('what FHIR and DICOMweb services write', [
  [`{"fullUrl":"${fhirOrigin}/Patient/1"}`, `{"fullUrl":"${ours}/fhir/Patient/1"}`],
  [
    `{"url":"${fhirOrigin}/Patient?_count=2&ct=H4sIAAAA%2BpQ%3D%3D+/=&x=\\u002B"}`,
    `{"url":"${ours}/fhir/Patient?_count=2&ct=H4sIAAAA%2BpQ%3D%3D+/=&x=\\u002B"}`,
  ],
  [`{"implementation":{"url":"${fhirOrigin}"}}`, `{"implementation":{"url":"${ours}/fhir"}}`],
  [`{"url":"${fhirOrigin}/"}`, `{"url":"${ours}/fhir/"}`],
  [
    `{"00081190":{"vr":"UR","Value":["${dicomOrigin}/v2/studies/1.2.3"]}}`,
    `{"00081190":{"vr":"UR","Value":["${ours}/dicom/studies/1.2.3"]}}`,
  ],
  [`{"href":"${dicomOrigin}/v2/operations/ab"}`, `{"href":"${ours}/dicom/operations/ab"}`],
  [
    `"<a href='${fhirOrigin}/Patient/1'>x</a> (${fhirOrigin}), ${fhirOrigin}."`,
    `"<a href='${ours}/fhir/Patient/1'>x</a> (${ours}/fhir), ${ours}/fhir."`,
  ],
  [
    `"${fhirOrigin}?a=1 ${fhirOrigin}#b ${fhirOrigin}\\n${fhirOrigin}\\"${fhirOrigin}: so"`,
    `"${ours}/fhir?a=1 ${ours}/fhir#b ${ours}/fhir\\n${ours}/fhir\\"${ours}/fhir: so"`,
  ],
  [`{"${fhirOrigin}/x":1}`, `{"${ours}/fhir/x":1}`],
])

holds('other spellings of the same', [
  [`"HTTPS://${host.toUpperCase()}/Patient/Ab"`, `"${ours}/fhir/Patient/Ab"`],
  [`"${fhirOrigin}:000443/Patient/1"`, `"${ours}/fhir/Patient/1"`],
  [`"${fhirOrigin}:443/Patient/1"`, `"${ours}/fhir/Patient/1"`],
  [`"https:\\/\\/${host}\\/Patient\\/1"`, `"http:\\/\\/localhost:3447\\/fhir\\/Patient\\/1"`],
  [`"https:\\u002f\\u002F${host}\\u002fPatient"`, `"http:\\u002f\\u002flocalhost:3447\\u002ffhir\\u002fPatient"`],
  [`"https\\u003a//${host}/P"`, `"http\\u003a//localhost\\u003a3447/fhir/P"`],
  [`"https:/\\/${host}/P"`, `"${ours}/fhir/P"`],
  [`"https:\\//${host}/P"`, `"http:\\/\\/localhost:3447\\/fhir/P"`],
  ['"\\u0068\\u0074\\u0074\\u0070\\u0073://\\u0077s-fhir.fhir.azurehealthcareapis\\u002ecom/P"', `"${ours}/fhir/P"`],
  [`"\\\\\\u0068ttps://${host}/P"`, `"\\\\${ours}/fhir/P"`],
])

holds(
  'what only looks like it stays',
  [
    ...[
      `${fhirOrigin}.evil.example/x`,
      `${fhirOrigin}X/x`,
      `${fhirOrigin}-x`,
      `${fhirOrigin}_x`,
      `${fhirOrigin}:8443/x`,
      `${fhirOrigin}:4430/x`,
    ],
    ...[
      `${fhirOrigin}@evil.example/`,
      `${fhirOrigin}:443@evil.example/`,
      `${fhirOrigin}%2e.example`,
      `${fhirOrigin}é/x`,
      `${fhirOrigin}:/x`,
      `${fhirOrigin}:${'0'.repeat(24)}443/x`,
    ],
    ...[`http://${host}/x`, `https:/${host}/x`, `https:///${host}/x`, `ftps://${host}/x`, `//${host}/x`, `${host}/x`, `https://x.${host}/`],
    ...[
      `${dicomOrigin}/v20/studies`,
      `${dicomOrigin}/V2/studies`,
      `${dicomOrigin}/v`,
      `${dicomOrigin}/v2.5/x`,
      `${dicomOrigin}/v1/studies`,
      dicomOrigin,
    ],
    ...['https://export.blob.core.windows.net/anonymous/Patient.ndjson', 'http://loinc.org', 'https://', 'http://localhost:3447/fhir'],
    ...[
      `https:\\\\u002f\\\\u002f${host}/x`,
      `https:\\\\/\\\\/${host}/x`,
      `\\\\u0068ttps://${host}/x`.replace('https', 'xttps'),
      'https://\\u0077',
      'https:\\u002f\\u00zz',
    ],
    ...[
      'http://127.0.0.1:8042/dicom-webs',
      'http://127.0.0.1:80420/dicom-web',
      'https://127.0.0.1:8042/dicom-web',
      'http://127.0.0.1/dicom-web',
    ],
  ].map(text => [`"${text}"`, `"${text}"`] as const),
)

t.test('an escaped backslash in front of u0068 is no letter', async t => {
  const text = `"\\\\u0068ttps://${host}/x"`
  t.equal(localise(text), text)
})

t.test('backslashes count however pieces cut them', async t => {
  const numbered = [...`${fhirOrigin}/x`].map(letter => `\\u00${letter.charCodeAt(0).toString(16)}`).join('')
  for (const url of [`\\u0068ttps://${host}/x`, numbered])
    for (let backslashes = 0; backslashes < 5; backslashes++) {
      const text = Buffer.from(`"${'\\'.repeat(backslashes)}${url}"`)
      const whole = localise(text.toString())
      t.equal(whole !== text.toString(), backslashes % 2 === 0, `${backslashes} before`)
      for (let cut = 0; cut <= text.length; cut++) {
        const scanner = new UrlScanner(linksOf().localise, 'json')
        const pieces = [scanner.push(text.subarray(0, cut)), scanner.push(text.subarray(cut)), scanner.end()]
        if (Buffer.concat(pieces).toString() !== whole) t.fail(`${text} cut at ${cut}`)
      }
      const scanner = new UrlScanner(linksOf().localise, 'json')
      const single = [...text].map(byte => scanner.push(Buffer.of(byte)))
      t.equal(Buffer.concat([...single, scanner.end()]).toString(), whole)
    }
})

t.test('of several routes, the one by which the request came wins, else the longest base', async t => {
  const url = (path: string) => `"${dicomOrigin}/v2${path}"`
  t.equal(localise(`"${fhirOrigin}/Patient"`, routes.admin), `"${ours}/admin/Patient"`)
  t.equal(localise(`"${fhirOrigin}/Patient"`, routes.dicom), `"${ours}/fhir/Patient"`)
  t.equal(localise(url('/partitions/trial/studies'), routes.dicom), `"${ours}/dicom/partitions/trial/studies"`)
  t.equal(localise(url('/partitions/trial/studies'), routes.partition), `"${ours}/partition/studies"`)
  t.equal(localise(url('/partitions/trial/studies'), routes.fhir), `"${ours}/partition/studies"`)
  t.equal(localise(url('/partitions/trials/studies'), routes.partition), `"${ours}/dicom/partitions/trials/studies"`)
  t.equal(localise('"http://127.0.0.1:8042/dicom-web/studies"', routes.fhir), `"${ours}/orthanc/studies"`)
})

t.test('links begin with the address by which the client called', async t => {
  const begun = (host: string) => new UrlScanner(linksOf(routes.fhir, host).localise, 'json').whole(Buffer.from(fhirOrigin)).toString()
  t.equal(begun('localhost:8080'), 'http://localhost:8080/fhir')
  t.equal(begun('127.0.0.1:3447'), 'http://127.0.0.1:3447/fhir')
  t.equal(begun('[::1]:3447'), 'http://[::1]:3447/fhir')
  t.equal(begun('LocalHost:03447'), 'http://localhost:3447/fhir')
  t.equal(begun('localhost'), 'http://localhost/fhir')
  t.equal(begun('my-machine:9'), 'http://my-machine:9/fhir')
  t.equal(begun(''), 'http://localhost:3447/fhir')
  for (let port = 1; port < 200; port++) t.equal(begun(`localhost:${port}`), `http://localhost:${port}/fhir`)
})

t.test('JSON escapes mean nothing in XML', async t => {
  t.equal(localise(`<url value="${fhirOrigin}/Patient/1"/>`, routes.fhir, 'plain'), `<url value="${ours}/fhir/Patient/1"/>`)
  const text = `<a>https:\\/\\/${host}/x</a>`
  t.equal(localise(text, routes.fhir, 'plain'), text)
})
