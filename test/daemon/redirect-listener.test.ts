// The port of a redirect URI: one that is taken is told to whoever wanted it, and harms nobody else.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { createRedirectListener, type RedirectListenerParts } from '../../src/daemon/redirect-listener.ts'
import { callerKey } from '../../src/guard/caller-key.ts'
import { systemClock } from '../fixtures/clocks.ts'

t.test('closed while a port is asked for that somebody else has', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const nobody: RedirectListenerParts = {
    clock: systemClock,
    policy: { port: 1, allowedOrigins: new Set(), extraHosts: new Set() },
    admission: {
      peers: { mode: 'none', ownUid: -1, ownerOf: async () => undefined },
      allowUids: new Set(),
      key: undefined,
      apiKey: callerKey('x'),
      fileOf: () => '',
    },
    callback: () => undefined,
    isCallback: () => false,
    pages: () => undefined,
  }
  const listener = createRedirectListener(nobody)
  const held = t.rejects(listener.hold((other.address() as AddressInfo).port), { code: 'redirect-port-taken' })
  // An unhandled rejection would fail this file, and end a daemon.
  listener.close()
  await held
})
