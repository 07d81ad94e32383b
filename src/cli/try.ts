// `hallpass try`: the daemon in front of the built-in sandbox, which runs as a child of ours.
import type { RunningDaemon } from '../compose.ts'
import { configOf } from '../config/load.ts'
import { runInForeground } from './foreground.ts'
import type { Command } from './io.ts'
import { lines } from './lines.ts'
import { type ReadySandbox, startSandboxProcess } from './sandbox-process.ts'

export const runTry: Command = async (io, { flags }) => {
  const { fault, ...settings } = flags
  const sandbox = await startSandboxProcess(io, fault === undefined ? [] : ['--fault', fault])
  try {
    const config = configOf(documentFor(sandbox.ready), { ...settings, vault: 'memory' }, io.env)
    return await runInForeground(io, config, { describe: daemon => describe(io.version, daemon), broken: sandbox.ended })
  } finally {
    sandbox.stop()
  }
}

function documentFor({ identity, fhir, dicom }: ReadySandbox) {
  const profile = 'sandbox'
  return {
    profiles: { [profile]: { tenantId: identity.tenantId, clientId: identity.clientId, sandbox: identity.url } },
    routes: {
      '/fhir': { origin: fhir.url, kind: 'fhir' as const, audience: fhir.audience, profile },
      '/dicom': { origin: dicom.url, kind: 'dicom' as const, audience: dicom.audience, profile },
    },
  }
}

function describe(version: string, { url }: RunningDaemon): string {
  return `hallpass ${version}, in front of its own sandbox

  Nothing here is real: the sign-in page, the FHIR and the DICOM service are
  ours, the patients are made up. No Azure account is used, nothing leaves this
  machine, and all is forgotten when you stop it.

${lines([
  ['FHIR', `${url}/fhir`],
  ['DICOM', `${url}/dicom`],
])}
Try it in another terminal:

  curl '${url}/fhir/Patient?_count=2'
  curl '${url}/dicom/studies?limit=2'

The first request waits while you sign in, once: your browser opens, or the
link appears here. Ctrl-C ends everything.

`
}
