// The configuration of the daemon that runs wins over the one that a command would read: whoever meant the other is told of both.
import t from 'tap'
import { startRegistered } from '../harness/application.ts'
import { writeConfig } from '../harness/hallpass.ts'

t.test('a profile that only the own file knows: secret and cert name both configurations, before anything is asked for', async t => {
  const { hallpass, home } = await startRegistered(t, { credential: 'secret' })
  const own = writeConfig(home, {
    profiles: { mine: { tenantId: '11111111-2222-4333-8444-555555555555', clientId: '66666666-7777-4888-9999-000000000000' } },
    routes: {},
  })
  for (const argv of [
    ['secret', 'set', 'mine'],
    ['secret', 'remove', 'mine'],
    ['cert', 'new', 'mine'],
    ['cert', 'show', 'mine'],
    ['cert', 'remove', 'mine'],
  ]) {
    const said = await hallpass(argv, { typed: [] })
    t.match(said, { code: 2, out: '', err: /no profile mine in the configuration of the daemon that runs: the one built in.*, with dev\./ })
    t.ok(said.err.includes(`A profile of ${own} is meant? Stop the daemon (\`hallpass stop\`) first`), said.err)
    t.notMatch(said.err, /Client secret \(the Value\)/)
  }
  t.match(
    await hallpass(['secret', 'set', 'dev'], { input: '' }),
    { code: 2, err: /No secret was given/ },
    'a profile of the daemon is asked for',
  )
})

t.test('an empty list of secrets says of which configuration', async t => {
  const { hallpass } = await startRegistered(t, { credential: 'certificate' })
  t.match(await hallpass(['secret', 'list']), {
    code: 0,
    out: /^No profile takes a client secret .*: the one built in for the sandbox\.\n$/,
  })
})

t.test('a journal without exchanges says so, beside the data', async t => {
  const { hallpass } = await startRegistered(t, { credential: 'secret' })
  t.match(await hallpass(['journal']), { code: 0, out: '', err: 'No exchange has ended yet.\n' })
  t.match(await hallpass(['journal', '--output', 'json']), { code: 0, err: '', out: /"exchanges": \[\]/ })
})
