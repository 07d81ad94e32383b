// Which URLs of ours become the service's again, which are refused, and which are somebody else's.
import t from 'tap'
import { jsonPlace } from '../../src/proxy/json-place.ts'
import { RefusedUrl, UrlScanner } from '../../src/proxy/url-scanner.ts'
import type { Spelling } from '../../src/proxy/url-spelling.ts'
import { dicomOrigin, fhirOrigin, linksOf, routes } from '../fixtures/link-tables.ts'

const scan = (text: string, spelling: Spelling = 'json-or-percent', host = 'localhost:3447') => {
  const scanner = new UrlScanner(linksOf(routes.fhir, host).mapBack, spelling)
  return { text: scanner.whole(Buffer.from(text)).toString(), counted: scanner.counted }
}

t.test('every address of ours, in every spelling', async t => {
  for (const address of [
    ...['http://localhost:3447', 'http://127.0.0.1:3447', 'http://[::1]:3447', 'http://my-machine:3447'],
    ...['HTTP://LOCALHOST:3447', 'https://localhost:3447', 'http://localhost:03447'],
  ]) {
    t.equal(scan(`{"reference":"${address}/fhir/Patient/1"}`).text, `{"reference":"${fhirOrigin}/Patient/1"}`, address)
    t.equal(scan(`"${address}/dicom"`).text, `"${dicomOrigin}/v2"`, address)
    t.equal(
      scan(`"${address}/partition?x ${address}/fhir#y ${address}/fhir."`).text,
      `"${dicomOrigin}/v2/partitions/trial?x ${fhirOrigin}#y ${fhirOrigin}."`,
    )
    const slashes = `"${address}/fhir/Patient/1"`.replaceAll('/', '\\/')
    t.equal(scan(slashes).text, `"${fhirOrigin}/Patient/1"`.replaceAll('/', '\\/'), slashes)
    const encoded = encodeURIComponent(`${address}/fhir/Patient/1`)
    t.equal(scan(`"Patient?a=${encoded}"`).text, `"Patient?a=${encodeURIComponent(`${fhirOrigin}/Patient/1`)}"`, encoded)
    t.equal(scan(`a=${encoded}&b=1`, 'percent').text, `a=${encodeURIComponent(`${fhirOrigin}/Patient/1`)}&b=1`, encoded)
  }
  const everyLetter = [...'http://localhost:3447/fhir'].map(letter => `\\u00${letter.charCodeAt(0).toString(16)}`).join('')
  t.equal(scan(`"${everyLetter}/x"`).text, `"${fhirOrigin.replace(':', '\\u003a').replaceAll('/', '\\u002f')}/x"`)
})

t.test('the port by which the client called is ours too, as far as routes go', async t => {
  const { text, counted } = scan(
    '"http://localhost:8080/fhir/x http://localhost:8080/app http://localhost:3447/fhir"',
    'json',
    'localhost:8080',
  )
  t.equal(text, `"${fhirOrigin}/x http://localhost:8080/app ${fhirOrigin}"`)
  t.equal(counted, 1)
  t.equal(scan('"http://localhost/fhir/x"', 'json', 'localhost').text, `"${fhirOrigin}/x"`)
})

t.test('other ports of this machine pass and are counted', async t => {
  const text = '"http://localhost:3000/fhir http://127.0.0.1/ https://[::1]:8443/x http://localhost:34470/fhir http://localhost"'
  t.same(scan(text), { text, counted: 5 })
})

t.test('what only looks like ours passes', async t => {
  const text =
    '"http://localhost.example:3447/fhir http://localhost:3447@evil.example/ http://xlocalhost:3447/ localhost:3447/fhir http://localhosts:3447/"'
  t.same(scan(text), { text, counted: 0 })
})

t.test('our port without a route is refused, with its place', async t => {
  const refusedAt = (text: string, spelling: Spelling = 'json') => {
    try {
      scan(text, spelling)
    } catch (error) {
      if (error instanceof RefusedUrl) return error.offset
      throw error
    }
    return undefined
  }
  for (const url of [
    ...[
      'http://localhost:3447',
      'http://localhost:3447/',
      'http://localhost:3447/-/sign-in/x',
      'http://LOCALHOST:3447/fhirs',
      'http://localhost:3447/FHIR',
    ],
    ...['http://[::1]:3447?x', 'https://127.0.0.1:3447/x', 'http:\\/\\/localhost:3447\\/x'],
  ])
    t.equal(refusedAt(`{"a":"${url}"}`), 6, url)
  t.equal(refusedAt('a=http%3A%2F%2Flocalhost%3A3447%2Fx', 'percent'), 2)
})

t.test('a place in JSON has its pointer', async t => {
  const document = Buffer.from('{"a/b":[1,{"x":"y, {"},{ "c~d" : ["p","q", {"e":"HERE"}]}],"f":"g\\"","h":"THERE"}')
  t.equal(jsonPlace(document, document.indexOf('HERE')), '/a~1b/2/c~0d/2/e')
  t.equal(jsonPlace(document, document.indexOf('THERE')), '/h')
  t.equal(jsonPlace(document, document.indexOf('"q"') + 1), '/a~1b/2/c~0d/1')
  t.equal(jsonPlace(Buffer.from('"x"'), 1), undefined)
  t.equal(jsonPlace(Buffer.from('['.repeat(1000)), 999), undefined)
})
