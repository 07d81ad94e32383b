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

t.test('an address by XML’s character references, and by names that only programs read as this machine', async t => {
  const written = (text: string, spell: (code: number) => string, which = /[:/]/g) =>
    text.replace(which, letter => spell(letter.charCodeAt(0)))
  for (const spell of [
    (code: number) => `&#${code};`,
    (code: number) => `&#x${code.toString(16)};`,
    (code: number) => `&#x000${code.toString(16).toUpperCase()};`,
  ]) {
    const address = written('http://localhost:3447/fhir', spell)
    t.equal(scan(`<url value="${address}/Patient/1"/>`, 'xml').text, `<url value="${written(fhirOrigin, spell)}/Patient/1"/>`, address)
    const whole = written('http://localhost:3447/fhir', spell, /./g)
    t.equal(scan(`<a>${whole}</a>`, 'xml').text, `<a>${written(fhirOrigin, spell)}</a>`, whole)
    t.throws(() => scan(`<a>${written('http://localhost:3447/x', spell)}</a>`, 'xml'), /may not stand here/)
  }
  for (const mixed of [
    'http&#58;//localhost:3447/fhir',
    'http:&#47;/localhost:3447/fhir',
    'http:/&#47;localhost:3447/fhir',
    'http://l&#111;calhost:3447/fhir',
  ])
    t.match(scan(`<a>${mixed}</a>`, 'xml').text, /ws-fhir/, mixed)
  for (const other of [
    'http:&#47;&#47;localhost:3447&#46;evil.example/',
    'http:&#47&#47;localhost:3447/',
    'http:&#;//localhost:3447/',
    '&#x;&#g;&',
  ])
    t.equal(scan(other, 'xml').text, other)
  const semicolons = ';//&;//'.repeat(200_000)
  t.ok(scan(semicolons, 'xml').text === semicolons, 'however many seem to end one')
  for (const name of [
    ...['127.1', '127.0.1', '2130706433', '0x7F.1', '0177.0.0.1', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]'],
  ])
    t.equal(scan(`"http://${name}:3447/fhir/x"`).text, `"${fhirOrigin}/x"`, name)
  for (const port of ['003447', '00000000003447']) t.equal(scan(`"http://localhost:${port}/fhir/x"`).text, `"${fhirOrigin}/x"`, port)
  t.same(scan('"http://localhost:0/ http://localhost:000/ http://127.10:3447/"').counted, 2)
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
