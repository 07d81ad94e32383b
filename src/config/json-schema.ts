// The JSON Schema of the configuration, for editors.
import { routePrefix } from '../terms/route.ts'
import { configSchema, profileName } from './schema.ts'

/** The schema as JSON text (draft 7, which editors know best). It tells the shape; what holds between values is checked on loading. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`
}

function jsonSchema(): object {
  const { properties, ...rest } = JSON.parse(JSON.stringify(configSchema)) as { properties: Record<string, Section>; title: string }
  const { profiles, routes, ...settings } = properties
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:hallpass:config:1',
    description:
      'hallpass signs you in with Microsoft Entra ID and forwards requests to your health data services. No secret belongs into this file.',
    allowComments: true,
    allowTrailingCommas: true,
    ...rest,
    properties: { ...settings, profiles: named(profiles, profileName), routes: named(routes, routePrefix) },
  }
}

type Section = { patternProperties?: Record<string, object> }

/** A section whose keys are names of a certain form. */
function named(section: Section | undefined, names: RegExp): object {
  const { patternProperties = {}, ...rest } = section ?? {}
  const [entry] = Object.values(patternProperties)
  return { ...rest, propertyNames: { pattern: names.source }, additionalProperties: entry }
}
