// `hallpass config show`: every value that is in force, and where it comes from.
import { valuesOf } from '../config/differences.ts'
import { examineConfig } from '../config/load.ts'
import { printable } from '../terms/printable.ts'
import { placeOf } from './config-file.ts'
import { type Command, exitCodes, type Io } from './io.ts'
import { outputFormat } from './parse.ts'

type Row = { place: string; value: string; source: string }

export const showConfig: Command = async (io, args) => {
  const json = outputFormat(args, 'config show') === 'json'
  const { config, trusted, location } = examineConfig(placeOf(io, args))
  const values = valuesOf(config).map(({ place, value }): Row => ({ place, value, source: config.sources.get(place) ?? 'file' }))
  const { path } = location
  if (json) {
    const report = {
      version: 1,
      path,
      by: location.by,
      trusted,
      clientSecretInEnvironment: hasSecret(io),
      clientCertificateInEnvironment: hasCertificate(io),
      warnings: config.warnings,
      values,
    }
    io.out(`${JSON.stringify(report, null, 2)}\n`)
    return exitCodes.ok
  }
  io.out(`${printable(path)}${trusted ? '' : ' (not trusted yet)'}\n\n${table(values)}`)
  for (const name of credentialNames(io)) io.out(`\n${name} is set; what it holds is never shown.\n`)
  for (const warning of config.warnings) io.err(`Note: ${warning}\n`)
  return exitCodes.ok
}

function credentialNames(io: Io): string[] {
  return [hasSecret(io) ? ['AZURE_CLIENT_SECRET'] : [], hasCertificate(io) ? ['AZURE_CLIENT_CERTIFICATE_PATH'] : []].flat()
}

function hasCertificate({ environmentCertificate }: Io): boolean {
  return Boolean(environmentCertificate?.path)
}

function hasSecret({ environmentSecret }: Io): boolean {
  return environmentSecret !== undefined
}

function table(rows: readonly Row[]): string {
  const width = (key: 'place' | 'value') => Math.max(0, ...rows.map(row => row[key].length))
  const [places, values] = [width('place'), Math.min(width('value'), 80)]
  return rows.map(({ place, value, source }) => `  ${place.padEnd(places)}  ${printable(value).padEnd(values)}  ${source}\n`).join('')
}
