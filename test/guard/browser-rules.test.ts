// What a browser may have sent: nothing of another origin gets in, and programs are left alone. Through node's own parser on a real socket.
import t from 'tap'
import { judgeApi } from '../../src/guard/browser-rules.ts'
import { isNavigation, readHead } from '../../src/guard/head.ts'
import { get, holds, listenGuarded, own, post } from '../fixtures/guarded-server.ts'

const strictPort = await listenGuarded(t)
const app = 'http://localhost:3000'
const appPort = await listenGuarded(t, { allowedOrigins: new Set([app]) })

t.test('programs are left alone', t =>
  holds(t, strictPort, [
    ['curl', get(own, 'User-Agent: curl/8', 'Accept: */*'), 'served'],
    ['curl with a body', `${post(own, 'Content-Length: 2')}{}`, 'served'],
    ['Node’s fetch sends a Sec-Fetch field too', post(own, 'sec-fetch-mode: cors', 'Accept: */*'), 'served'],
    ['a client with an empty Referer', get(own, 'Referer:'), 'served'],
    ['DELETE', get(own).replace('GET', 'DELETE'), 'served'],
  ]),
)

const cross = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']
const same = ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty']
const navigating = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

t.test('pages of other origins get nothing', t =>
  holds(t, strictPort, [
    ['an image', get(own, ...cross), 'browser-refused'],
    ['a fetch', get(own, 'Origin: http://evil.com', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors'), 'browser-refused'],
    ['a fetch from another port', get(own, 'Origin: http://localhost:3000', ...same), 'browser-refused'],
    ['a fetch from the other loopback name', get(own, 'Origin: http://127.0.0.1:3447', ...same), 'browser-refused'],
    ['the same over https', post(own, 'Origin: https://localhost:3447'), 'browser-refused'],
    ['an origin that begins like ours', post(own, 'Origin: http://localhost:3447.evil.com'), 'browser-refused'],
    ['an origin that ends like ours', post(own, 'Origin: http://evil.localhost:3447'), 'browser-refused'],
    ['our name under another scheme', post(own, 'Origin: evil://localhost:3447'), 'browser-refused'],
    ['an origin in capitals, which no browser writes', post(own, 'Origin: HTTP://LOCALHOST:3447'), 'browser-refused'],
    ['a sandboxed frame', post(own, 'Origin: null'), 'browser-refused'],
    ['an empty origin', post(own, 'Origin:'), 'browser-refused'],
    ['a form', post(own, 'Origin: http://evil.com', 'Sec-Fetch-Site: cross-site', ...navigating), 'browser-refused'],
    ['a frame', get(own, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'), 'browser-refused'],
    ['a link in a tab', get(own, 'Sec-Fetch-Site: cross-site', ...navigating), 'browser-refused'],
    ['a link in a tab, from a page of another port', get(own, 'Sec-Fetch-Site: same-site', ...navigating), 'browser-refused'],
    ['no Referer helps', get(own, ...cross, 'Referer: http://localhost:3447/'), 'browser-refused'],
    ['a WebSocket, which carries no Sec-Fetch field', get(own, 'Origin: http://evil.com', 'Upgrade: websocket'), 'upgrade-refused'],
    ['a prefetch', get(own, 'Sec-Fetch-Site: none', 'Sec-Purpose: prefetch', ...navigating), 'prefetch-refused'],
    ['a prerender', get(own, 'Sec-Fetch-Site: none', 'Sec-Purpose: prefetch;prerender', ...navigating), 'prefetch-refused'],
    ['an older prefetch', get(own, 'Purpose: prefetch'), 'prefetch-refused'],
    ['a prefetch in capitals', get(own, 'Purpose: Prefetch'), 'prefetch-refused'],
    ['a Firefox prefetch', get(own, 'X-moz: prefetch'), 'prefetch-refused'],
    ['a prefetch of our own page', get(own, 'Sec-Fetch-Site: same-origin', 'Sec-Purpose: prefetch'), 'prefetch-refused'],
    ['a POST that claims the address bar', post(own, 'Sec-Fetch-Site: none', ...navigating), 'browser-refused'],
    ['a site of no known kind', get(own, 'Sec-Fetch-Site: friendly'), 'browser-refused'],
    ['an empty site', get(own, 'Sec-Fetch-Site:'), 'browser-refused'],
    ['a site in capitals', get(own, 'Sec-Fetch-Site: SAME-ORIGIN'), 'browser-refused'],
    ['two sites', get(own, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'), 'browser-refused'],
    ['the same site twice', get(own, 'Sec-Fetch-Site: same-origin', 'sec-fetch-site: same-origin'), 'browser-refused'],
    ['two origins', post(own, 'Origin: http://localhost:3447', 'Origin: http://evil.com'), 'browser-refused'],
    [
      'two origins behind a good site',
      post(own, 'Sec-Fetch-Site: same-origin', 'Origin: http://evil.com', 'Origin: null'),
      'browser-refused',
    ],
    ['two modes', get(own, 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Mode: navigate'), 'browser-refused'],
    ['two destinations', get(own, 'Sec-Fetch-Dest: empty', 'Sec-Fetch-Dest: document'), 'browser-refused'],
    ['two Referers, both ours', get(own, 'Referer: http://localhost:3447/', 'Referer: http://localhost:3447/'), 'browser-refused'],
    ['an old browser with a foreign Referer', get(own, 'Referer: http://evil.com/page'), 'browser-refused'],
    ['a Referer with our origin as user name', get(own, 'Referer: http://localhost:3447@evil.com/'), 'browser-refused'],
    ['a Referer with our origin in its path', get(own, 'Referer: http://evil.com/http://localhost:3447/'), 'browser-refused'],
    ['a Referer that begins like ours', get(own, 'Referer: http://localhost:34470/'), 'browser-refused'],
  ]),
)

t.test('our own pages, and the address bar', t =>
  holds(t, strictPort, [
    ['a fetch of our page', get(own, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors'), 'served'],
    [
      'a form of our page, whose no-referrer makes its origin null',
      post(own, 'Sec-Fetch-Site: same-origin', 'Origin: null', ...navigating),
      'served',
    ],
    ['a development server that rewrites Host', get(own, 'Sec-Fetch-Site: same-origin', 'Origin: http://localhost:5173'), 'served'],
    ['a form of our page in an old browser', post(own, 'Origin: http://localhost:3447'), 'served'],
    ['our page at 127.0.0.1', post('Host: 127.0.0.1:3447', 'Origin: http://127.0.0.1:3447'), 'served'],
    ['our page through a tunnel on another port', post('Host: localhost:9999', 'Origin: http://localhost:9999'), 'served'],
    ['a link of our page in an old browser', get(own, 'Referer: http://localhost:3447/-/sign-in'), 'served'],
    ['our origin alone as Referer', get(own, 'Referer: http://localhost:3447'), 'served'],
    ['the address bar', get(own, 'Sec-Fetch-Site: none', ...navigating), 'served'],
  ]),
)

t.test('pages of an allowed origin fetch, and do no more', async t => {
  const origin = `Origin: ${app}`
  const image = ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']
  const referer = `Referer: ${app}/viewer`
  await holds(t, appPort, [
    ['a fetch', get(own, origin, ...same), 'served'],
    ['a POST', post(own, origin, ...same), 'served'],
    ['a fetch of an old browser', post(own, origin), 'served'],
    ['an image by its Referer', get(own, referer, ...image), 'served'],
    ['a link of an old browser', get(own, referer), 'served'],
    ['a link of a longer origin, of an old browser', get(own, 'Referer: http://localhost:30000/'), 'browser-refused'],
    ['a link of an origin that begins like it', get(own, 'Referer: http://localhost:3000.evil.com/'), 'browser-refused'],
    ['an image without Referer', get(own, ...image), 'browser-refused'],
    ['an image of a longer origin', get(own, 'Referer: http://localhost:3000.evil.com/', ...image), 'browser-refused'],
    ['an image of another page', get(own, 'Referer: http://localhost:30000/', ...image), 'browser-refused'],
    ['a no-cors POST by its Referer', post(own, referer, ...image), 'browser-refused'],
    ['a link in a tab', get(own, referer, 'Sec-Fetch-Site: same-site', ...navigating), 'browser-refused'],
    ['a frame', get(own, referer, 'Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'), 'browser-refused'],
    ['a form', post(own, origin, 'Sec-Fetch-Site: same-site', ...navigating), 'browser-refused'],
    ['its sandboxed frame', get(own, 'Origin: null', ...same), 'browser-refused'],
    ['its prefetch', get(own, origin, ...same, 'Sec-Purpose: prefetch'), 'prefetch-refused'],
    ['its WebSocket', get(own, origin, 'Connection: Upgrade', 'Upgrade: websocket'), 'upgrade-refused'],
    ['a longer origin', get(own, 'Origin: http://localhost:30000', ...same), 'browser-refused'],
    ['the origin with a slash', get(own, 'Origin: http://localhost:3000/', ...same), 'browser-refused'],
    ['the origin under a rebound name', get('Host: rebind.test', origin, ...same), 'host-refused'],
  ])
})

t.test('the control API is for our own pages and for programs, and for no page that says two things', async t => {
  const port = 3447
  const judged = (...rawHeaders: string[]) =>
    judgeApi(readHead(['Host', 'localhost:3447', ...rawHeaders]), { port, extraHosts: new Set(), allowedOrigins: new Set([app]) })?.code
  const origin = 'http://localhost:3447'
  t.equal(judged(), undefined, 'a program')
  t.equal(judged('Origin', origin, 'Referer', `${origin}/`, 'Sec-Fetch-Site', 'same-origin'), undefined, 'our own page')
  for (const fields of [
    ['Origin', origin, 'Origin', origin],
    ['Referer', `${origin}/`, 'Referer', `${origin}/`],
    ['Sec-Fetch-Site', 'same-origin', 'Sec-Fetch-Site', 'same-origin'],
    ['Sec-Fetch-Site', 'same-site'],
    ['Sec-Fetch-Site', 'none'],
    ['Sec-Fetch-Site', ''],
    ['Origin', app],
    ['Referer', `${app}/`],
    ['Referer', `${origin}0/`],
  ])
    t.equal(judged(...fields), 'browser-refused', fields.join(' '))
})

t.test('a navigation is told from a program', async t => {
  const navigates = (method: string, ...rawHeaders: string[]) => isNavigation(method, readHead(rawHeaders))
  const browserAccept = ['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8']
  t.ok(navigates('GET', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'), 'a tab')
  t.ok(navigates('POST', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'), 'a form')
  t.notOk(navigates('GET', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe', ...browserAccept), 'a frame')
  t.notOk(navigates('GET', 'Sec-Fetch-Mode', 'cors', ...browserAccept), 'a fetch')
  t.notOk(navigates('GET', 'Sec-Fetch-Mode', 'no-cors', 'Sec-Fetch-Dest', 'document'), 'a destination without its mode')
  t.notOk(navigates('GET', 'Sec-Fetch-Site', 'none', ...browserAccept), 'a page of unknown mode')
  t.ok(navigates('GET', ...browserAccept), 'an old browser')
  t.notOk(navigates('POST', ...browserAccept), 'a form of an old browser')
  t.notOk(navigates('GET', 'Accept', '*/*'), 'curl')
  t.notOk(navigates('GET', 'Accept', 'application/json, text/html'), 'a program that takes pages too')
  t.notOk(navigates('GET'), 'nothing said')
})

t.test('a body is told from none', async t => {
  t.notOk(readHead([]).hasBody)
  t.notOk(readHead(['Content-Length', '0']).hasBody)
  t.ok(readHead(['Content-Length', '1']).hasBody)
  t.ok(readHead(['transfer-encoding', 'chunked']).hasBody)
})
