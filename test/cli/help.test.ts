// Help and aligned lines stay within a terminal, and a misspelt command is understood.
import t from 'tap'
import { lines } from '../../src/cli/lines.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { commandIn } from '../harness/command.ts'
import { createHome } from '../harness/hallpass.ts'

const home = createHome()
t.teardown(() => home.remove())
const hallpass = commandIn(home)

t.test('no help is wider than 80 columns', async t => {
  for (const argv of [['--help'], ...Object.keys(verbs).map(verb => [verb, '--help'])]) {
    const { code, out } = await hallpass(argv)
    t.equal(code, 0)
    t.strictSame(
      out.split('\n').filter(line => line.length > 80),
      [],
      argv.join(' '),
    )
  }
})

t.test('the value of each setting is named by what it takes', async t => {
  const { out } = await hallpass(['start', '--help'])
  for (const [flag, value] of [
    ['log-file', 'true\\|false'],
    ['ca-file', 'FILE'],
    ['port', 'N'],
    ['forward-fields', 'A,B'],
    ['vault-key', 'keychain\\|passphrase\\|credential'],
  ])
    t.match(out, new RegExp(`^ {2}--${flag} ${value}(?: {2}|$)`, 'm'))
})

t.test('a misspelt command is told which one was meant', async t => {
  t.match(await hallpass(['strat']), { code: 2, err: /"strat" is no command\. Did you mean "start"\?\n/ })
  t.match(await hallpass(['frobnicate']), { code: 2, err: /"frobnicate" is no command\.\n/ })
})

t.test('rows are aligned, and within so many columns a text goes on below itself', async t => {
  const rows = [
    ['a', 'one two three four five'],
    ['bcd', 'https://example.test/a/long/link'],
    ['a name of its own line', 'text'],
  ] as const
  t.equal(lines(rows.slice(0, 2)), '  a    one two three four five\n  bcd  https://example.test/a/long/link\n')
  t.equal(
    lines(rows, 20),
    [
      '  a    one two three',
      '       four five',
      '  bcd  https://example.test/a/long/link',
      '  a name of its own line',
      '       text',
      '',
    ].join('\n'),
  )
  t.equal(lines([], 20), '')
})
