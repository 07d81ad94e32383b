// `hallpass logout`: forgets who is signed in, in memory and in the vault.
import { connect } from './connect.ts'
import { type Command, exitCodes } from './io.ts'

export const runLogout: Command = async (io, args) => {
  const [profile] = args.words
  const control = await connect(io, args)
  const { profiles } = await control.logout({ ...(profile !== undefined && { profile }), all: args.switches.has('all') })
  io.err(`Signed out: ${profiles.join(', ')}.\n`)
  return exitCodes.ok
}
