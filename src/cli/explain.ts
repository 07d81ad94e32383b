// `hallpass explain`: what a refusal means, and what to do. A code of Entra ID needs no daemon and no network; an exchange is in the daemon's journal.
import type { ExchangeReport } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { type Explanation, findAadsts, pageOf, parseAadsts } from '../explain/aadsts.ts'
import { printable } from '../terms/printable.ts'
import { connect } from './connect.ts'
import { type Arguments, type Command, exitCodes, type Io } from './io.ts'
import { lines } from './lines.ts'
import { outputFormat } from './parse.ts'

export const runExplain: Command = async (io, args) => {
  const format = outputFormat(args, 'explain')
  const [word] = args.words
  const number = word === undefined ? undefined : parseAadsts(word)
  if (number !== undefined) return explainCode(io, number, format)
  if (word !== undefined && /^[a-z0-9]{4}-[a-z0-9]{1,12}$/.test(word)) return explainId(io, args, word, format)
  const what =
    word === undefined
      ? 'Say what to explain.'
      : `"${printable(word, 80)}" is no code of Entra ID, such as AADSTS50011, and no exchange, such as k3x9-1f.`
  throw new HallpassError('usage', { what, command: 'hallpass explain' })
}

async function explainId(io: Io, args: Arguments, id: string, format: 'text' | 'json'): Promise<number> {
  const report = await (await connect(io, args)).explain(id)
  io.out(format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : describeExchange(report, io.columns))
  return exitCodes.ok
}

function describeExchange(
  { method, path, status, time, summary, cause, remedy, command, facts }: ExchangeReport,
  columns: number | undefined,
): string {
  const rows: (readonly [string, string])[] = [
    ['Cause', cause],
    ['What to do', remedy],
  ]
  // On one line, however long it is: it is there to be copied.
  const toCopy = command === null ? '' : `\n  ${command}\n`
  return `${summary}\n\n${lines(rows, columns)}${toCopy}${facts.length > 0 ? `\n${lines(facts, columns)}` : ''}\n  ${method} ${path}, ${status}, ${time}\n`
}

function explainCode(io: Io, number: string, format: 'text' | 'json'): number {
  const explanation = findAadsts(number)
  if (!explanation) throw new HallpassError('aadsts-unknown', { code: `AADSTS${number}`, page: pageOf(number) })
  io.out(format === 'json' ? `${JSON.stringify({ version: 1, ...explanation }, null, 2)}\n` : asText(explanation, io.columns))
  return exitCodes.ok
}

function asText({ code, summary, cause, remedy, page }: Explanation, columns: number | undefined): string {
  const rows = lines(
    [
      ['Likely cause', cause],
      ['What to do', remedy],
      ['Microsoft', page],
    ],
    columns,
  )
  return `${code}: ${summary}\n\n${rows}`
}
