// Which test proves which requirement on security: a requirement without a test fails here, and so does a test that went away or changed its name.
import { readFileSync } from 'node:fs'
import t from 'tap'

/** By number, as SECURITY.md lists them: files under test/, each with the beginning of a test's title (`…` is what it fills in). 21 is what 14 proves. */
const proofs: Readonly<Record<number, readonly [file: string, title: string][]>> = {
  1: [
    ['behaviour/refusals', 'the port is taken, on either loopback'],
    ['security/squatters', 'who holds … alone keeps the daemon from starting'],
    ['security/process', 'SIGUSR1 opens nothing'],
    ['security/other-address', 'a connection that does not come over loopback is dropped at once'],
  ],
  2: [
    ['guard/judge', 'Host: three names of this machine'],
    ['security/malformed-requests', 'the same with a foreign Host'],
  ],
  3: [
    ['security/browser-pages', 'a page of another origin'],
    ['security/browser-pages', 'a rebound name'],
    ['security/browser-pages', 'a page of the public internet'],
    ['security/browser-pages', 'programs are served all the same'],
    ['security/browser-navigation', 'a redirect from an address that the user opened'],
  ],
  4: [['security/browser-navigation', 'top-level navigations, downloads, forms, prefetches']],
  5: [['security/other-user', '0 of … requests of another user']],
  6: [['guard/peer-check', 'who has gone is nobody']],
  7: [['guard/judge', 'framing, upgrades and the size of the head']],
  8: [
    ['guard/judge', 'methods and targets'],
    ['security/malformed-requests', '… requests with our own Host'],
  ],
  9: [['security/malformed-requests', 'nothing was wrong with what arrived']],
  10: [['security/fuzz', '… drawn requests']],
  11: [['security/malformed-requests', '… requests with our own Host']],
  12: [
    ['network/outbound', 'who cannot prove who he is gets nothing'],
    ['behaviour/methods', 'a redirect of the service is passed on, never followed'],
  ],
  13: [
    ['security/fuzz', '… drawn answers'],
    ['guard/cors', 'a preflight of any other origin is refused'],
  ],
  14: [['security/browser-stored-content', 'HTML, SVG, XML and scripts of the service']],
  15: [
    ['control/http-api', 'without the key nothing is told and nothing done'],
    ['control/http-api', 'GET changes nothing'],
  ],
  16: [['security/canaries', 'token, codes and … canaries']],
  17: [
    ['security/forged-callbacks', '1,000 forged callbacks'],
    ['security/process', 'the arguments of a browser that is started'],
  ],
  18: [
    ['security/malformed-requests', 'nothing was wrong with what arrived'],
    ['security/fuzz', 'afterwards the same process serves'],
  ],
  19: [
    ['security/planted-files', 'whatever was planted at its paths'],
    ['security/planted-files', 'under umask 000 every folder is 0700'],
    ['files/private-files', 'a folder is made closed, or has to be'],
    ['files/private-files', 'a file is replaced at once, closed, and never through a link'],
    ['files/private-files', 'nothing of another user is taken'],
    ['daemon/daemon', 'socket and instance file are for their owner only'],
  ],
  20: [
    ['security/process', 'SIGUSR1 opens nothing'],
    ['security/process', 'no token in the arguments or the environment'],
  ],
  22: [
    ['security/squatters', 'who takes both addresses once the daemon was killed'],
    ['daemon/control-trust', 'a squatter on the control socket gets a nonce, and nothing else'],
  ],
  23: [
    ['behaviour/waiting', 'more waiting requests than allowed are refused'],
    ['security/floods', '… parallel uploads of 100 MB while nobody is signed in'],
  ],
  24: [
    ['security/floods', '250 clients that send a head byte by byte'],
    ['security/floods', '… connections that say nothing'],
    ['security/floods', 'an answer that floods'],
    ['security/other-user', 'a crowd of another user takes no place'],
    ['security/other-user', 'what another user sends is not even parsed'],
  ],
  25: [['security/hostile-answers', '…: our own words, and a fresh connection']],
  26: [
    ['proxy/token-echo', 'in a field: 502'],
    ['proxy/token-echo', 'in the body, split at any byte'],
  ],
  27: [
    ['guard/peer-check', 'at the start the check tries itself, and says what it is'],
    ['guard/caller-key', 'when a key is needed, and what else remains open'],
  ],
  28: [
    ['guard/caller-key', 'a request without the key, or with another, is refused'],
    ['guard/caller-key', 'a key is compared in constant time'],
  ],
  29: [
    ['behaviour/waiting', 'the redirect URI is taken literally'],
    ['behaviour/waiting', 'the other port of a redirect URI is open for the sign-in only'],
  ],
  30: [
    ['behaviour/device-code', '`hallpass login` shows the code and the warning'],
    ['daemon/daemon', 'a browser opens at the profile’s authorization server'],
  ],
  31: [['behaviour/sign-out', 'logout takes effect within a second']],
  32: [['architecture', 'no package that is needed has an install script']],
  33: [
    ['security/fuzz', 'every input that was ever found keeps the rules'],
    ['security/fuzz', '… drawn requests'],
    ['security/fuzz', '… drawn answers'],
  ],
}

const numbers = [...Array.from({ length: 20 }, (_, index) => index + 1), ...Array.from({ length: 12 }, (_, index) => index + 22)]

t.test('every requirement has its tests, by name', async t => {
  for (const number of numbers) {
    const named = proofs[number] ?? []
    t.ok(named.length > 0, `requirement ${number} has a test`)
    for (const [file, title] of named)
      t.ok(
        titlesOf(file).some(candidate => candidate.startsWith(title)),
        `${number}: ${file}, "${title}"`,
      )
  }
  t.strictSame(Object.keys(proofs).map(Number), numbers)
})

t.test('each test that SECURITY.md names is there', async t => {
  const named = [...readFileSync('SECURITY.md', 'utf8').matchAll(/`((?:[a-z-]+\/)?[a-z-]+)`(?=[^\n]*\|$)/gm)].map(([, file]) => file ?? '')
  t.ok(named.length > 15)
  for (const file of new Set(named.filter(file => file.includes('/')))) t.ok(titlesOf(file).length > 0, file)
})

t.test('the figures in SECURITY.md are a table that a full run wrote', async t => {
  const text = readFileSync('SECURITY.md', 'utf8')
  const [, block = ''] = /<!-- figures: written by npm run test:full -->\n([\s\S]*?)<!-- end of figures -->/.exec(text) ?? []
  const [head, rule, ...rows] = block.split('\n').filter(line => line.startsWith('|'))
  t.equal(head, '| what was tried | how often | what came of it |')
  t.equal(rule, '|---|---|---|')
  t.ok(rows.length > 3)
  for (const row of rows) t.match(row, /^\| [^|]+ \| [\d,]+ \| [^|]+ \|$/)
  t.match(block, /Measured on \d{4}-\d\d-\d\d with Node \d+\.\d+\.\d+ on \w+\./)
})

function titlesOf(file: string): string[] {
  const code = readFileSync(`test/${file}.test.ts`, 'utf8')
  return [...code.matchAll(/\btest\(\s*(['`])((?:(?!\1)[^\\]|\\.)*)\1/g)].map(([, , title = '']) => title.replace(/\$\{[^}]+\}/g, '…'))
}
