// `hallpass explain`: what a refusal means, and what to do. Works without a daemon and without a network.
import { HallpassError } from '../errors/hallpass-error.ts'
import { type Explanation, findAadsts, pageOf, parseAadsts } from '../explain/aadsts.ts'
import { printable } from '../terms/printable.ts'
import { type Command, exitCodes, type Io } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'

export const runExplain: Command = async (io, args) => {
  const format = outputFormat(args, 'explain')
  const [word] = args.words
  const number = word === undefined ? undefined : parseAadsts(word)
  if (number !== undefined) return explainCode(io, number, format)
  const what = word === undefined ? 'Say what to explain.' : `"${printable(word, 80)}" is no code of Entra ID, such as AADSTS50011.`
  throw new HallpassError('usage', { what, command: 'hallpass explain' })
}

function explainCode(io: Io, number: string, format: 'text' | 'json'): number {
  const explanation = findAadsts(number)
  if (!explanation) throw new HallpassError('aadsts-unknown', { code: `AADSTS${number}`, page: pageOf(number) })
  io.out(format === 'json' ? `${JSON.stringify({ version: 1, ...explanation }, null, 2)}\n` : asText(explanation))
  return exitCodes.ok
}

function asText({ code, summary, cause, remedy, page }: Explanation): string {
  const rows = lines([
    ['Likely cause', cause],
    ['What to do', remedy],
    ['Microsoft', page],
  ])
  return `${code}: ${summary}\n\n${rows}`
}
