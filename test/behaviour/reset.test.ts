// `hallpass reset`: every trace is shown, and goes on yes; a keychain that refuses costs nothing.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSecretService } from '../fixtures/with-secret-service.ts'
import { commandIn } from '../harness/command.ts'
import { createHome, hallpass as program, startDaemon, writeConfig } from '../harness/hallpass.ts'

const canary = 'reset.canary.4711'

/** A machine on which a secret rests in the keychain; without one, nothing of hallpass is there. */
async function prepare(t: Test, { used = true } = {}) {
  const keyring = await startSecretService()
  const home = createHome({ DBUS_SESSION_BUS_ADDRESS: keyring.env.DBUS_SESSION_BUS_ADDRESS ?? '' })
  t.teardown(async () => {
    await keyring.stop()
    home.remove()
  })
  const ids = { tenantId: '11111111-2222-4333-8444-555555555555', clientId: '66666666-7777-4888-9999-000000000000' }
  const config = writeConfig(home, {
    port: 0,
    profiles: { job: { ...ids, flow: 'client-credentials', credential: 'secret' } },
    routes: { '/fhir': { origin: 'https://ws-fhir.fhir.azurehealthcareapis.com', profile: 'job' } },
  })
  const hallpass = commandIn(home)
  if (used) t.match(await hallpass(['secret', 'set', 'job'], { input: canary }), { code: 0 })
  const state = join(home.path, 'state', 'hallpass')
  const inKeyring = async () =>
    (await keyring.secretTool(['lookup', 'service', 'hallpass', 'username', 'vault']).catch(() => '')).includes(canary)
  return { keyring, home, config, hallpass, state, inKeyring, runtime: join(home.path, 'run', 'hallpass') }
}

t.test('where hallpass never was, reset says so and changes nothing', async t => {
  const { hallpass, config, state } = await prepare(t, { used: false })
  t.match(await hallpass(['reset', '--yes']), { code: 0, out: /your configuration \(kept\) +.*hallpass\.jsonc/, err: '' })
  t.ok(existsSync(config))
  t.notOk(existsSync(state), 'not even a folder is made')
})

t.test('reset shows everything, removes nothing without a yes, and everything but the configuration with one', async t => {
  const { home, hallpass, config, state, runtime, inKeyring } = await prepare(t)
  writeFileSync(join(state, 'trusted.json'), '{}')
  const daemon = await startDaemon(home, ['start'])
  const unasked = await hallpass(['reset'])
  t.match(unasked, { code: 2, err: /say `--yes`/ })
  for (const trace of [`port ${daemon.port}, process ${daemon.pid}`, 'user vault)', 'vault.json', 'trusted.json', state, runtime, config])
    t.ok(unasked.out.includes(trace), `${trace} is named`)
  t.notOk(unasked.out.includes(canary))
  t.match(await hallpass(['reset'], { typed: ['n'] }), { code: 1, err: /Remove all of it\? \[y\/N\] Nothing was removed/ })
  t.match(await hallpass(['reset'], { typed: [''] }), { code: 1 }, 'only yes is yes')
  t.ok(await inKeyring())
  t.match(await program(home, ['status']), { code: 0 }, 'the daemon runs on')

  t.match(await program(home, ['reset', '--yes']), { code: 0, stderr: /Removed\. What Entra ID knows .* is as it was/ })
  t.equal((await daemon.ended).code, 0, 'the daemon ended by itself')
  t.notOk(await inKeyring())
  t.notOk(existsSync(state) || existsSync(runtime))
  t.ok(existsSync(config), 'the configuration is kept')
  t.strictSame(readdirSync(home.path).sort(), ['config', 'run', 'state'])
  t.match(await hallpass(['reset', '--with-config'], { typed: ['yes'] }), { code: 0 })
  t.notOk(existsSync(config))
  t.match(await hallpass(['reset', '--yes']), { code: 0, out: 'There is no trace of hallpass on this machine.\n' })
})

t.test('with a locked keychain reset removes nothing and says so; --keep-keychain removes the files alone', async t => {
  const { keyring, hallpass, state, inKeyring } = await prepare(t)
  await keyring.lock()
  const before = readdirSync(state)
  t.match(await hallpass(['reset', '--yes']), { code: 1, out: '', err: /^Nothing was removed\. .*--keep-keychain.*\n.*keychain is locked/ })
  t.strictSame(readdirSync(state), before)
  t.match(await hallpass(['reset', '--yes', '--keep-keychain']), { code: 0 })
  t.notOk(existsSync(state))
  await keyring.unlock()
  t.ok(await inKeyring(), 'what was kept is there')
  t.match(await hallpass(['reset', '--yes']), { code: 0 }, 'and is found again without any file')
  t.notOk(await inKeyring())
})

t.test('without a keychain, and nothing known to be in one, the files go and the doubt is said', async t => {
  const home = createHome({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' })
  t.teardown(home.remove)
  const daemon = await startDaemon(home, ['try', '--port', '0'])
  const ended = await program(home, ['reset', '--yes'])
  t.match(ended, { code: 0, stdout: /The OS keychain could not be asked \(.*\) Nothing of hallpass is known to be in it/ })
  t.equal((await daemon.ended).code, 0)
  t.strictSame(readdirSync(join(home.path, 'run')), [])
})

t.test('what was set aside because nobody could read it is shown and removed too', async t => {
  const { keyring, hallpass } = await prepare(t)
  const item = (number: number) => ['service', 'hallpass', 'username', `vault-unreadable-${number}`]
  for (const number of [1, 2]) await keyring.secretTool(['store', '--label=x', ...item(number)], `${canary} damaged`)
  const { out } = await hallpass(['reset', '--yes'])
  t.match(out, /what could not be read +the OS keychain \(service hallpass, user vault-unreadable-1\)/)
  t.match(out, /user vault-unreadable-2\)/)
  for (const number of [1, 2]) await t.rejects(keyring.secretTool(['lookup', ...item(number)]))
})
