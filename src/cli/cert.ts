// `hallpass cert`: certificates by which an application proves itself. The private key goes into the vault and never comes out.
import { HallpassError } from '../errors/hallpass-error.ts'
import { importCertificate } from './cert-import.ts'
import { makeNewCertificate } from './cert-new.ts'
import { showCertificates } from './cert-show.ts'
import { withCredentials } from './credential-access.ts'
import { type Command, exitCodes } from './io.ts'

const what = 'Say what to do: new PROFILE, import PROFILE FILE, show PROFILE, or remove PROFILE.'

export const runCert: Command = async (io, args) => {
  const [verb = '', profile] = args.words
  const subverb = Object.hasOwn(subverbs, verb) ? subverbs[verb] : undefined
  if (!subverb || profile === undefined) throw new HallpassError('usage', { what, command: 'hallpass cert' })
  const extra = args.words[subverb.words]
  if (extra !== undefined) throw new HallpassError('usage', { what: `"${extra}" is one word too many.`, command: 'hallpass cert' })
  return subverb.command(io, args)
}

const removeCertificates: Command = (io, args) =>
  withCredentials(io, args, async ({ certificates }) => {
    const [, profile = '', thumbprint] = args.words
    const previous = args.switches.has('previous')
    const removed = await certificates.remove(profile, previous ? 'previous' : thumbprint)
    const which = previous ? 'previous certificate' : 'certificate'
    if (removed.length === 0) io.err(`No ${which} of ${profile} was kept.\n`)
    for (const { sha1 } of removed)
      io.err(`The ${which} ${sha1} of ${profile} is forgotten, with its private key. Remove it from the registration too.\n`)
    return exitCodes.ok
  })

/** `words`: how many words each takes, with the verb. */
const subverbs: Readonly<Record<string, { command: Command; words: number }>> = {
  new: { command: makeNewCertificate, words: 2 },
  import: { command: importCertificate, words: 4 },
  show: { command: showCertificates, words: 2 },
  remove: { command: removeCertificates, words: 3 },
}
