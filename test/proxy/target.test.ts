// From the request target to the path at the origin: whatever a client writes, it stays under the route's base.
import t from 'tap'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { buildTarget, matchRoute } from '../../src/proxy/target.ts'
import type { Route } from '../../src/terms/route.ts'
import { seeded } from '../fixtures/seeded.ts'

const common = { audience: 'https://x', scopes: [], profile: 'dev' }
const fhir: Route = { ...common, prefix: '/fhir', origin: 'https://ws-fhir.fhir.azurehealthcareapis.com', basePath: '', kind: 'fhir' }
const dicom: Route = { ...common, prefix: '/dicom', origin: 'https://ws-d.dicom.azurehealthcareapis.com', basePath: '/v2', kind: 'dicom' }
const partition: Route = { ...dicom, prefix: '/p', basePath: '/v2/partitions/a.b' }
const routes = [fhir, dicom, partition]

/** The path at the origin, or the name of the rule that refuses the target. */
function built(target: string): string | undefined {
  const route = matchRoute(routes, target)
  if (!route) return 'no route'
  const path = buildTarget(route, target)
  return path instanceof HallpassError ? `${path.code}: ${path.particulars.rule}` : path
}

t.test('a route is matched by the exact first segment', async t => {
  const matched = (target: string) => matchRoute(routes, target)?.prefix
  for (const target of ['/fhir', '/fhir/', '/fhir?x', '/fhir/Patient', '/fhir/fhir', '/fhir/../dicom'])
    t.equal(matched(target), '/fhir', target)
  t.equal(matched('/dicom/studies'), '/dicom')
  t.equal(matched('/p/studies'), '/p')
  const strangers = [
    '/',
    '',
    '/FHIR/Patient',
    '/fhirs',
    '/fhi',
    '/fhir;x/Patient',
    '/fhir%2fPatient',
    '/%66hir/Patient',
    '//fhir/Patient',
    '/./fhir',
    '/-/fhir',
  ]
  for (const target of [...strangers, '/x/fhir', 'fhir/Patient', '/fhir#x', '/fhir\\x', 'http://localhost/fhir', '/constructor'])
    t.equal(matched(target), undefined, target)
})

t.test('what passes, passes byte for byte', async t => {
  const passing: [string, string][] = [
    ['/fhir', '/'],
    ['/fhir/', '/'],
    ['/fhir?_count=2', '/?_count=2'],
    ['/fhir/?_count=2', '/?_count=2'],
    ['/fhir/Patient', '/Patient'],
    ['/fhir/Patient/', '/Patient/'],
    ['/fhir/Patient/a-b.c_D/_history/1', '/Patient/a-b.c_D/_history/1'],
    ['/fhir/Patient/$everything?start=2020', '/Patient/$everything?start=2020'],
    ['/fhir/$export', '/$export'],
    ['/fhir/.well-known/smart-configuration', '/.well-known/smart-configuration'],
    ['/fhir/metadata?_format=json', '/metadata?_format=json'],
    ['/fhir/Patient?', '/Patient?'],
    ['/fhir/ValueSet/50%25', '/ValueSet/50%25'],
    ['/fhir/Patient?name=%2524', '/Patient?name=%2524'],
    ['/fhir/Patient?ct=W3sidG9r+/=%3d%2F%2f..//%2e%2e;&_count=1', '/Patient?ct=W3sidG9r+/=%3d%2F%2f..//%2e%2e;&_count=1'],
    ['/fhir/Patient?name=M%C3%BCller&x=a%20b+c', '/Patient?name=M%C3%BCller&x=a%20b+c'],
    ['/fhir/Patient?identifier=http://a/b|1&code=a\\,b', '/Patient?identifier=http://a/b|1&code=a\\,b'],
    ['/fhir/Patient?a=%zz&b=%', '/Patient?a=%zz&b=%'],
    ['/fhir/Patient?url=http://evil.com/../..', '/Patient?url=http://evil.com/../..'],
    ['/fhir/Patient?a=?b=?', '/Patient?a=?b=?'],
    ['/fhir/http://evil.com', 'target-refused: empty segment'],
    ['/fhir/evil.com:443', '/evil.com:443'],
    ['/fhir/@evil.com', '/@evil.com'],
    ['/fhir/user:pass@evil.com/x', '/user:pass@evil.com/x'],
    ['/fhir/a%20b', '/a%20b'],
    ['/fhir/M%C3%BCller', '/M%C3%BCller'],
    ['/fhir/a;v=1/b', '/a;v=1/b'],
    ['/fhir/a..b/c...', '/a..b/c...'],
    ['/fhir/{{unresolved}}', '/{{unresolved}}'],
    ['/dicom', '/v2'],
    ['/dicom/', '/v2/'],
    ['/dicom?x', '/v2?x'],
    ['/dicom/studies/1.2.840.1/series/1.2/instances/1.3/frames/1,2', '/v2/studies/1.2.840.1/series/1.2/instances/1.3/frames/1,2'],
    ['/dicom/v1/studies', '/v2/v1/studies'],
    ['/p/studies?PatientName=A^B*', '/v2/partitions/a.b/studies?PatientName=A^B*'],
  ]
  for (const [target, expected] of passing) t.equal(built(target), expected, target)
})

t.test('what could lead elsewhere is refused, by the name of its rule', async t => {
  const refused: Record<string, string[]> = {
    'dot segment': [
      ...[
        '/fhir/..',
        '/fhir/../',
        '/fhir/../dicom',
        '/fhir/./Patient',
        '/fhir/.',
        '/fhir/Patient/..',
        '/fhir/Patient/../../x',
        '/dicom/../v1/studies',
      ],
      ...[
        '/fhir/..;/x',
        '/fhir/..;a=b/x',
        '/fhir/.;/x',
        '/fhir/..%3b/x',
        '/fhir/..%20/x',
        '/fhir/.%20',
        '/fhir/...',
        '/fhir/.../x',
        '/fhir/.?x',
        '/dicom/..?x',
      ],
      ...['/fhir/..:80/x', '/fhir/..,/x', '/fhir/..~/x'],
    ],
    'empty segment': [
      '/fhir//',
      '/fhir//evil.com',
      '/fhir//evil.com/x',
      '/fhir/Patient//1',
      '/fhir/Patient//',
      '/dicom//studies',
      '/fhir///',
      '/fhir//?x',
    ],
    'unencoded character': [
      '/fhir/a\\b',
      '/fhir/..\\..\\x',
      '/fhir/\\\\evil.com',
      '/fhir/a b',
      '/fhir/a#b',
      '/fhir?a#b',
      '/fhir?a b',
      '/fhir/\u00e9',
      '/fhir?\u00e9',
      '/fhir/a\tb',
      '/fhir?a\r\nHost: x',
      '/fhir/a\0',
      '/fhir/a\u007f',
      '/fhir/\uff0e\uff0e/x',
      '/fhir?\u2028',
    ],
    'percent-encoding within a percent-encoding': [
      ...['/fhir/%2524export', '/fhir/%252524export', '/fhir/%25%32%34export', '/fhir/Patient/%2541', '/fhir/%25u0024export'],
    ],
    'encoded dot, slash, backslash or control character': [
      ...[
        '/fhir/%2e%2e/x',
        '/fhir/%2E%2E/x',
        '/fhir/a/%2e/b',
        '/fhir/Patient%2f..',
        '/fhir/%2f%2fevil.com',
        '/fhir/a%2Fb',
        '/fhir/a%5cb',
        '/fhir/%5C%5Cevil.com',
      ],
      ...[
        '/fhir/a%00',
        '/fhir/a%0d%0aHost:x',
        '/fhir/a%0A',
        '/fhir/a%09',
        '/fhir/a%1f',
        '/fhir/a%7f',
        '/fhir/%252e%252e/x',
        '/fhir/%25252E/x',
        '/fhir/a%252fb',
        '/fhir/a%255c',
      ],
    ],
    'broken percent-encoding': [
      '/fhir/a%',
      '/fhir/a%2',
      '/fhir/a%zz',
      '/fhir/%u002e%u002e/x',
      '/fhir/%c0%ae%c0%ae/x',
      '/fhir/%c0%afx',
      '/fhir/%e0%80%af',
      '/fhir/%ff',
      '/fhir/%ed%a0%80',
      '/fhir/100%/x',
    ],
  }
  for (const [rule, targets] of Object.entries(refused))
    for (const target of targets) t.equal(built(target), `target-refused: ${rule}`, encodeURI(target))
})

t.test('a second opinion refuses what a mistake elsewhere would let through', async t => {
  const rule = (route: Route, target: string) => {
    const path = buildTarget(route, target)
    return path instanceof HallpassError ? path.particulars.rule : path
  }
  t.equal(rule(dicom, '/dicom/a%20b'), '/v2/a%20b')
  t.equal(rule({ ...dicom, basePath: '/v2/../v1' }, '/dicom/a%20b'), 'outside the service', 'a base that leads up')
  t.equal(rule({ ...dicom, origin: 'https://ws@evil.example' }, '/dicom/a%20b'), 'outside the service', 'an origin that is another')
  t.equal(rule(dicom, '/dicom0/a%20b'), 'outside the service', 'a target that no prefix fits')
})

t.test('any mixture of tricks is refused or stays under the base, read by whomever', async t => {
  const seed = 20_261_123
  const chance = seeded(seed)
  const tricks = [
    ...[
      '/',
      '//',
      '.',
      '..',
      './',
      '../',
      '/..',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      '\\',
      ';',
      '..;',
      '%3b',
      '%',
      '%25',
      '%252e',
      '%00',
      '%0a',
      '%20',
      ' ',
    ],
    ...[
      '?',
      '#',
      '@',
      ':',
      '&',
      '=',
      '\t',
      '\r\n',
      '\u00e9',
      '\uff0f',
      '%c0%ae',
      '%ef%bc%8f',
      '%u002e',
      'evil.com',
      'http://',
      'Patient',
      'a',
      '1',
      '$',
      '~',
      '*',
      '^',
      '|',
    ],
  ]
  let passed = 0
  for (let round = 0; round < 50_000; round++) {
    const route = chance.pick(routes)
    const rest = Array.from({ length: 1 + chance.integer(8) }, () => chance.pick(tricks)).join('')
    const path = buildTarget(route, `${route.prefix}/${rest}`)
    if (path instanceof HallpassError) continue
    passed++
    const because = `seed ${seed}, ${JSON.stringify(rest)}`
    if (path !== `${route.basePath}/${rest}`) t.fail(`not byte for byte: ${because}`)
    for (const reading of readings(path)) {
      const url = new URL(route.origin + reading)
      if (url.origin !== route.origin || !url.pathname.startsWith(`${route.basePath}/`)) t.fail(`leads to ${url.href}: ${because}`)
    }
  }
  t.ok(passed > 2_000, `${passed} of 50,000 pass`)
})

/** The path as a server may see it that decodes once more, cuts parameters off segments, takes `\` for `/`, or does all of it. */
function readings(target: string): string[] {
  const path = target.split('?')[0] ?? ''
  const decoded = decodeURIComponent(path)
  const decodedTwice = decoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const bare = (text: string) =>
    text
      .replaceAll('\\', '/')
      .replace(/;[^/]*/g, '')
      .replace(/ +(?=\/|$)/g, '')
  const seen = [decoded, decodedTwice, bare(path), bare(decoded), bare(decodedTwice)]
  return [target, ...seen.map(text => text.replace(/[?#]/g, '_'))]
}
