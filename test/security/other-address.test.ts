// What comes from another address than loopback is dropped unheard, though the port is bound to loopback alone (CVE-2020-8558). Requirement 1.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Heard, Knocks } from '../fixtures/other-addresses.ts'

if (process.geteuid?.() !== 0) {
  const what = 'only root can make a network of its own: run this suite as root'
  if (process.env.CI) t.fail(what)
  else t.pass(what)
  process.exit()
}

/** Of the blocks for documentation (RFC 5737, RFC 3849), and the one that follows 127/8. */
const [outer, outer6, next] = ['192.0.2.1', '2001:db8::1', '128.0.0.1']
const add = (address: string) => `ip address add ${address} dev lo`
const network = `ip link set lo up && ${add(outer)} && ${add(next)} && ${add(outer6)} nodad && exec "$@"`
const program = fileURLToPath(new URL('../fixtures/other-addresses.js', import.meta.url))

async function knocking(knocks: { atDaemon: Knocks; atAll: Knocks }): Promise<Heard[]> {
  const node = [process.execPath, program, JSON.stringify(knocks)]
  const child = spawn('env', ['-u', 'NODE_OPTIONS', 'unshare', '--net', 'sh', '-c', network, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (complaint) throw new Error(`${complaint}(iproute2 and the right to make a network namespace are needed)`)
  return JSON.parse(said)
}

t.test('a connection that does not come over loopback is dropped at once, whether users are told apart or not', async t => {
  const atDaemon: Knocks = {
    loopback: ['127.0.0.1', '127.0.0.1'],
    'another address of loopback': ['127.0.0.2', '127.0.0.1'],
    'loopback of IPv6': ['::1', '::1'],
    'a neighbour': [outer, '127.0.0.1'],
    'one beside loopback': [next, '127.0.0.1'],
    'a neighbour by IPv6': [outer6, '::1'],
    'at an address that others reach': ['127.0.0.1', outer],
    'at an address that others reach by IPv6': ['::1', outer6],
  }
  const atAll: Knocks = { ...atDaemon, 'from and at addresses that others have': [outer, outer] }
  const [strict, unchecked, everywhere] = await knocking({ atDaemon, atAll })
  const served = { loopback: '200', 'another address of loopback': '200', 'loopback of IPv6': '200' }
  const dropped = /^(nothing|ECONNRESET)$/
  const neighbours = { 'a neighbour': dropped, 'one beside loopback': dropped, 'a neighbour by IPv6': dropped }
  const elsewhere = ['at an address that others reach', 'at an address that others reach by IPv6'] as const
  const closed = Object.fromEntries(elsewhere.map(name => [name, 'ECONNREFUSED']))
  t.match(strict, { ...served, ...neighbours, ...closed })
  t.match(unchecked, { ...served, ...neighbours, ...closed }, 'without the peer check too')
  const dropsAll = { ...Object.fromEntries(elsewhere.map(name => [name, dropped])), 'from and at addresses that others have': dropped }
  t.match(everywhere, { ...served, ...neighbours, ...dropsAll }, 'on a server that listens on every address')
})
