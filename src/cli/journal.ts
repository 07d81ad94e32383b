// `hallpass journal`: the last exchanges, without health data; `--output har` for tools that read HTTP Archives.
import type { ExchangeEntry } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { connect } from './connect.ts'
import { type Command, exitCodes } from './io.ts'

export const runJournal: Command = async (io, args) => {
  const { output = 'text' } = args.flags
  if (!['text', 'json', 'har'].includes(output))
    throw new HallpassError('usage', { what: `"--output" is text, json or har.`, command: 'hallpass journal' })
  const control = await connect(io, args)
  if (output === 'har') io.out(`${JSON.stringify(await control.har(), null, 2)}\n`)
  else {
    const report = await control.journal()
    io.out(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : report.exchanges.map(describe).join(''))
    if (output === 'text' && report.exchanges.length === 0) io.err('No exchange has ended yet.\n')
  }
  return exitCodes.ok
}

function describe({ time, id, method, route, template, status, by, error, totalMs }: ExchangeEntry): string {
  const ended = by === 'nobody' ? 'the client left' : `${status}${by === 'hallpass' ? ' by hallpass' : ''}${error ? ` ${error}` : ''}`
  return `${time}  ${id.padEnd(8)}  ${method} ${route}${template}  ${ended}  ${totalMs} ms\n`
}
