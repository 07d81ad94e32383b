// The sandbox as a process of its own: flags in, one JSON line out when it is ready.
import { parseArgs } from 'node:util'
import { type FaultName, faultNames, faultTable, isFaultName } from './identity/fault-table.ts'
import type { Sandbox, SandboxOptions } from './sandbox.ts'

const usage = `Usage: node sandbox/main.js [flags]

An Entra-shaped identity provider, a FHIR and a DICOMweb service on loopback, with made-up people and records.
When ready it prints one JSON line with their addresses.

  --identity-port N          port of the identity provider (default: any free one)
  --fhir-port N              port of the FHIR service
  --dicom-port N             port of the DICOM service
  --redirect-uri URI         one more redirect URI of the public client; may be repeated
  --access-token-seconds N   life of access tokens (default: 60 to 90 minutes)
  --fault NAME               switch a fault on; see below
  --with-confidential-client print the confidential client with its secret, made for this run, in the ready line
  --until-stdin-ends         end when standard input does, so that nothing outlives whoever started it
  --help                     this text

Faults:
${faultNames.map(name => `  ${name.padEnd(22)} ${faultTable[name].description}`).join('\n')}

Exit codes: 0 ended as asked, 1 failed, 2 usage.
`

class UsageError extends Error {}

type Invocation = { help: boolean; untilStdinEnds: boolean; withConfidentialClient: boolean; options: SandboxOptions }

function readInvocation(args: string[]): Invocation {
  const flags = parseFlags(args)
  const accessTokenSeconds = numberOf(flags, 'access-token-seconds', 1, 86_400)
  const ports = {
    identity: numberOf(flags, 'identity-port', 0, 65_535) ?? 0,
    fhir: numberOf(flags, 'fhir-port', 0, 65_535) ?? 0,
    dicom: numberOf(flags, 'dicom-port', 0, 65_535) ?? 0,
  }
  const redirectUris = flags['redirect-uri'] ?? []
  const wrong = redirectUris.find(uri => !URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol))
  if (wrong !== undefined) throw new UsageError(`--redirect-uri must be an absolute http or https URI, not '${wrong}'`)
  const fault = faultOf(flags.fault)
  return {
    help: flags.help ?? false,
    untilStdinEnds: flags['until-stdin-ends'] ?? false,
    withConfidentialClient: flags['with-confidential-client'] ?? false,
    options: { ports, redirectUris, ...(fault && { fault }), ...(accessTokenSeconds !== undefined && { accessTokenSeconds }) },
  }
}

function faultOf(name: string | undefined): FaultName | undefined {
  if (name === undefined || isFaultName(name)) return name
  throw new UsageError(`there is no fault '${name}'; there are ${faultNames.join(', ')}`)
}

function parseFlags(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        'identity-port': { type: 'string' },
        'fhir-port': { type: 'string' },
        'dicom-port': { type: 'string' },
        'redirect-uri': { type: 'string', multiple: true },
        'access-token-seconds': { type: 'string' },
        fault: { type: 'string' },
        'with-confidential-client': { type: 'boolean' },
        'until-stdin-ends': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

type NumberFlag = 'identity-port' | 'fhir-port' | 'dicom-port' | 'access-token-seconds'

function numberOf(flags: { [name in NumberFlag]?: string | undefined }, name: NumberFlag, low: number, high: number): number | undefined {
  const text = flags[name]
  if (text === undefined) return undefined
  if (!/^\d{1,6}$/.test(text) || Number(text) < low || Number(text) > high)
    throw new UsageError(`--${name} must be a number from ${low} to ${high}, not '${text}'`)
  return Number(text)
}

function readyLine({ identity, fhir, dicom, people, applications, faults }: Sandbox, withConfidentialClient: boolean): string {
  const known = people.map(({ name, username }) => ({ name, username }))
  const name = faults.current()
  const fault = name && { name, description: faultTable[name].description }
  const confidential = applications.filter(({ secrets }) => secrets.length > 0).slice(0, 1)
  const [confidentialClient] = confidential.map(({ appId, displayName, objectId, secrets: [secret] }) => {
    return { clientId: appId, displayName, objectId, clientSecret: secret?.value }
  })
  const shown = { ...(fault && { fault }), ...(withConfidentialClient && { confidentialClient }) }
  return `${JSON.stringify({ ready: true, identity, fhir, dicom, people: known, ...shown })}\n`
}

/** Resolves when somebody wants the sandbox to end. */
function untilEnded(stdinCounts: boolean): Promise<void> {
  return new Promise(resolve => {
    process.once('SIGTERM', resolve).once('SIGINT', resolve)
    if (stdinCounts) process.stdin.once('end', resolve).once('error', resolve).once('close', resolve).resume()
  })
}

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  const isUsage = error instanceof UsageError
  process.stderr.write(`sandbox: ${message.split('\n', 1)[0]}${isUsage ? ' (see --help)' : ''}\n`)
  process.exit(isUsage ? 2 : 1)
}

async function main(): Promise<void> {
  const { help, untilStdinEnds, withConfidentialClient, options } = readInvocation(process.argv.slice(2))
  if (help) {
    process.stdout.write(usage)
    return
  }
  const ended = untilEnded(untilStdinEnds)
  // Loaded late: --help and a wrong flag need not wait for it.
  const { startSandbox } = await import('./sandbox.ts')
  const sandbox = await startSandbox(options)
  process.stdout.write(readyLine(sandbox, withConfidentialClient))
  await ended
  await sandbox.close()
  process.exit(0)
}

// Without a handler SIGUSR1 would open Node's inspector to every user of the machine.
process.on('SIGUSR1', () => undefined)
process.on('uncaughtException', fail)
await main().catch(fail)
