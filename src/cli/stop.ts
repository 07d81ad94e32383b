// `hallpass stop`: ends the daemon.
import { connect } from './connect.ts'
import { type Command, exitCodes } from './io.ts'

export const runStop: Command = async (io, args) => {
  const control = await connect(io, args)
  const { url, pid } = await control.status()
  await control.stop()
  io.err(`Stopped ${url} (process ${pid}).\n`)
  return exitCodes.ok
}
