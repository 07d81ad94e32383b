// `hallpass token`: prints a route's access token for whoever asks for it by name.
import type { ControlClient } from '../control/client/control-client.ts'
import type { TokenReport } from '../control/client/wire.ts'
import { HallpassError } from '../errors/hallpass-error.ts'
import { connect } from './connect.ts'
import { type Arguments, type Command, exitCodes, type Io } from './io.ts'
import { signIn } from './login.ts'
import { outputFormat } from './parse.ts'

export const runToken: Command = async (io, args) => {
  const format = outputFormat(args, 'token')
  const report = await tokenFor(io, await connect(io, args), args)
  if (format === 'json') io.out(`${JSON.stringify(report, null, 2)}\n`)
  else io.out(args.switches.has('header') ? `Authorization: Bearer ${report.token}\n` : `${report.token}\n`)
  return exitCodes.ok
}

async function tokenFor(io: Io, control: ControlClient, { words }: Arguments): Promise<TokenReport> {
  const [route] = words
  const request = { ...(route !== undefined && { route }), wait: false }
  try {
    return await control.token(request)
  } catch (error) {
    const mayAsk = io.errIsTerminal && !io.env.HALLPASS_NO_USER
    if (!(error instanceof HallpassError) || error.code !== 'sign-in-required' || !mayAsk) throw error
    await signIn(io, control, String(error.particulars.profile))
    return control.token(request)
  }
}
