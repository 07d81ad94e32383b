// The definition of the configuration: from here come type, validation, help text, environment names, JSON Schema and reference page.
import Type, { type Static } from 'typebox'
import { accessSchema } from './schema-access.ts'
import type { Values } from './schema-parts.ts'
import { profileSchema } from './schema-profile.ts'
import { routeSchema } from './schema-route.ts'
import { plainSettings, type settingsSchema } from './schema-settings.ts'

export { settingsSchema } from './schema-settings.ts'

const optional = <T extends Record<string, Type.TSchema>>(properties: T) => Type.Partial(Type.Object(properties)).properties

/** A profile's name stands in links, in messages and in the vault. */
export const profileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** `.` would leave out the line break, and with it whatever stands under such a key. */
const anyName = Type.String({ pattern: '^[\\s\\S]*$' })

export const configSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'Where an editor finds the JSON Schema of this file.' })),
    ...optional(plainSettings),
    access: Type.Optional(
      Type.Object(optional(accessSchema), { additionalProperties: false, description: 'Who may call, beside programs of your own.' }),
    ),
    profiles: Type.Record(anyName, profileSchema, { description: 'App registrations and whom they sign in, by name.' }),
    routes: Type.Record(anyName, routeSchema, { description: 'Path prefixes of ours and the services behind them.' }),
  },
  { additionalProperties: false, title: 'Configuration of hallpass' },
)

export type ConfigDocument = Static<typeof configSchema>
export type ProfileDocument = Static<typeof profileSchema>
export type RouteDocument = Static<typeof routeSchema>
export type Settings = Values<typeof settingsSchema>
export type SettingName = keyof typeof settingsSchema

/** The environment name of a setting by the one rule: `signInWaitSeconds` is `HALLPASS_SIGN_IN_WAIT_SECONDS`, `access.key` is `HALLPASS_ACCESS_KEY`. */
export function environmentName(setting: string): string {
  return `HALLPASS_${flagName(setting).replaceAll('-', '_').toUpperCase()}`
}

/** The flag of a setting: `signInWaitSeconds` is `sign-in-wait-seconds`, `access.key` is `access-key`. */
export function flagName(setting: string): string {
  return setting.replaceAll('.', '-').replace(/[A-Z]/g, capital => `-${capital.toLowerCase()}`)
}
