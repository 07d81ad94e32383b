// The help texts, from the definitions, for the narrowest terminal that is usual.
import { lines, wrap } from './lines.ts'
import { type VerbDefinition, verbs } from './verbs.ts'

const columns = 80

const codes = `Exit codes
  0  ok
  1  failed
  2  usage, or a fault in the configuration
  3  no daemon is running
  4  somebody has to sign in, and nobody could be asked
`

/** Help for the whole program. */
export function programHelp(): string {
  const rows = Object.entries(verbs).map(([name, { words, summary }]): Row => [[name, words?.text].filter(Boolean).join(' '), summary])
  return `hallpass: sign in once, then reach FHIR and DICOM services at localhost

Usage
  hallpass COMMAND [options]

Commands
${lines(rows, columns)}
  hallpass COMMAND --help   what a command takes
  hallpass --version

${codes}`
}

/** Help for one verb. `settings` are the rows of the settings that it takes. */
export function verbHelp(name: string, definition: VerbDefinition, settings: readonly Row[]): string {
  const options = Object.entries(definition.options).map(
    ([option, { value, description }]): Row => [[`--${option}`, value].filter(Boolean).join(' '), description],
  )
  const rows = [...options, ...settings]
  return `${wrap(`hallpass ${name}: ${definition.summary}`, columns).join('\n')}

Usage
  hallpass ${[name, definition.words?.text, rows.length ? '[options]' : undefined].filter(Boolean).join(' ')}

${rows.length ? `Options\n${lines(rows, columns)}\n` : ''}${codes}`
}

export type Row = [string, string]
