// The reference page of the configuration, from its definition.
import type { TSchema } from 'typebox'
import { azureNames } from './azure-environment.ts'
import { environmentName, flagName, settingsSchema } from './schema.ts'
import { annotationsOf } from './schema-parts.ts'
import { profileSchema } from './schema-profile.ts'
import { routeSchema } from './schema-route.ts'
import { settingsAtStart } from './schema-settings.ts'
import { describeValues } from './settings.ts'

/** The page as Markdown. */
export function referencePage(): string {
  return `# Configuration

Generated from the definition in \`src/config/schema.ts\`; \`node scripts/generate.js\` writes it anew.

A configuration is one file of JSON, with comments and trailing commas allowed. \`hallpass config schema\` prints its JSON Schema; put \`"$schema"\` on
the first line and your editor completes it. Whole files to start from are in \`config/examples/\`.

## Which file counts

1. \`--config FILE\`
2. \`HALLPASS_CONFIG\`
3. a **project file**: \`hallpass.jsonc\` in the working directory or a folder above it, below your home folder (or below the root)
4. your own: \`hallpass.jsonc\` in \`~/.config/hallpass\` (macOS: \`~/Library/Application Support/hallpass\`, Windows: \`%APPDATA%\\hallpass\`)

\`hallpass config path\` says which one it is. Nobody but you (and root) may be able to write the file or its folder: whoever can, chooses where your
tokens go.

A project file is a stranger's code. Its exact content is trusted once, by its SHA-256: you are asked on first use, or run
\`hallpass config trust\`. Whoever trusts it, it may not send tokens to an origin outside \`azurehealthcareapis.com\` and \`azurehealthcareapis.us\`, ask for another
audience than the origin's own, name a sandbox, or an authority that is not Microsoft's: that belongs into your own file.

## Where a value comes from

A flag wins over the environment, the environment over the file, the file over the default. \`hallpass config show\` prints every value in force and
its source. ${Object.values(azureNames)
    .map(name => `\`${name}\``)
    .join(', ')} fill what a profile leaves out, so that \`{}\` can be a whole profile.

**No secret is ever read from the file.** A client secret comes from the vault (\`hallpass secret set PROFILE\`) or from \`AZURE_CLIENT_SECRET\`.

While the daemon runs, a change of the file takes effect at once; ${settingsAtStart.map(code).join(', ')} count from the next start. When the new file has a
fault, the last good one stays in force and the fault is told.

## Settings

| key | flag | environment | values | default | meaning |
|---|---|---|---|---|---|
${rows(settingsSchema, (name, schema) => [code(`--${flagName(name)}`), code(environmentName(name)), valuesOf(schema), defaultOf(schema), meaningOf(schema)])}
## Profiles

\`"profiles"\` holds app registrations and whom they sign in, by a name of 1 to 64 letters, digits, \`.\`, \`_\` or \`-\`.

| key | values | default | meaning |
|---|---|---|---|
${rows(profileSchema.properties, (_, schema) => [valuesOf(schema), defaultOf(schema), meaningOf(schema)])}
| \`flow\` | \`credential\` | who signs in |
|---|---|---|
| \`authorization-code\` | \`none\`, \`secret\`, \`certificate\` | a person, in the browser on this machine |
| \`device-code\` | \`none\` | a person, with a code on any device |
| \`client-credentials\` | \`secret\`, \`certificate\` | the application itself; its scope is always \`AUDIENCE/.default\` |

## Routes

\`"routes"\` holds path prefixes of ours, one segment such as \`/fhir\`, and the services behind them. \`/-\` is taken; two prefixes may not differ in capitals
only; a redirect URI may not lie under a route. Several routes may lead to one origin, each with its own profile.

| key | required | values | meaning |
|---|---|---|---|
${rows(routeSchema.properties, (name, schema) => [routeSchema.required?.includes(name as never) ? 'yes' : '', valuesOf(schema), meaningOf(schema)])}
In US Government (\`….azurehealthcareapis.us\`) the authority is \`login.microsoftonline.us\`; the audience of DICOM services there is documented nowhere and has
to be written. China and other clouds are reached with an explicit \`authorityHost\`, \`audience\` and \`kind\`.
`
}

function rows(schemas: Readonly<Record<string, TSchema>>, cells: (name: string, schema: TSchema) => string[]): string {
  return Object.entries(schemas)
    .map(([name, schema]) => `| ${[code(name), ...cells(name, schema)].join(' | ')} |\n`)
    .join('')
}

const code = (text: string) => `\`${text}\``

function valuesOf(schema: TSchema): string {
  const annotations = annotationsOf(schema)
  if (annotations.enum) return annotations.enum.map(code).join(', ')
  const { examples = [] } = annotations
  if (examples.length > 0)
    return `e.g. ${examples.map(example => code(typeof example === 'string' ? example : JSON.stringify(example))).join(', ')}`
  return describeValues(annotations)
}

function defaultOf(schema: TSchema): string {
  const usual = annotationsOf(schema).default
  if (usual === undefined || usual === '') return ''
  return Array.isArray(usual) && usual.length === 0 ? 'none' : code(String(usual))
}

function meaningOf(schema: TSchema): string {
  return (annotationsOf(schema).description ?? '').replaceAll('|', '\\|')
}
