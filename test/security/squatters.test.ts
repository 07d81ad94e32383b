// Another user sits on our port, before we come or after we have gone: nothing is opened beside him, and nothing is told to him. Requirements 1, 22.
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { valid } from '../fixtures/configurations.ts'
import { squat } from '../fixtures/squatter.ts'
import { createHome, hallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'

if (process.geteuid?.() !== 0) {
  const what = 'only root can be several users: run this suite as root'
  if (process.env.CI) t.fail(what)
  else t.pass(what)
  process.exit()
}

/** A user that no machine has. */
const stranger = 61_001
const addresses = ['127.0.0.1', '::1'] as const

function home(t: Test) {
  const home = createHome()
  t.teardown(() => home.remove())
  writeConfig(home, { ...valid, port: 0, vault: 'memory' })
  return home
}

async function isOpen(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host)
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return open
}

for (const [index, host] of addresses.entries())
  t.test(`who holds ${host} alone keeps the daemon from starting, is named, and gets nothing`, async t => {
    const place = home(t)
    const { port, heard } = await squat(t, { uid: stranger, host, port: 0 })
    const { code, stdout, stderr } = await hallpass(place, ['start', '--port', String(port)])
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, `Port ${port} on ${host} is held by another process of another user (uid ${stranger}).`)
    t.notOk(await isOpen(addresses[1 - index] ?? '', port), 'nothing is open at the other address')
    t.strictSame(heard, [])
  })

t.test('who takes both addresses once the daemon was killed hears nothing from the command line, and no key', async t => {
  const place = home(t)
  const daemon = await startDaemon(place, ['start', '--access-key', 'required'])
  daemon.child.kill('SIGKILL')
  await daemon.ended
  const squatters = []
  for (const host of addresses) squatters.push(await squat(t, { uid: stranger, host, port: daemon.port }))
  for (const args of [
    ['status'],
    ['token'],
    ['login'],
    ['logout', '--all'],
    ['journal'],
    ['stop'],
    ['status', '--port', String(daemon.port)],
  ]) {
    const { code, stdout } = await hallpass(place, args)
    t.equal(code, 3, `${args.join(' ')}: nothing runs`)
    t.notMatch(stdout, /eyJ/)
  }
  for (const { heard } of squatters) t.strictSame(heard, [])
})
