// What changed between two configurations, in lines that can be logged: no configuration holds a secret.

import { printable } from '../terms/printable.ts'
import type { Profile } from '../terms/profile.ts'
import type { RedirectUri } from '../terms/redirect-uri.ts'
import type { Config } from './config.ts'
import { settingsAtStart } from './schema-settings.ts'

export type Difference = {
  /** Such as `routes./fhir.origin: https://a → https://b`. */
  line: string
  /** The running daemon cannot take it over. */
  needsRestart: boolean
}

/** A value in force, by its place: `port`, `profiles.dev.tenantId`. */
export type PlacedValue = { place: string; value: string }

/** What changed from one configuration to the next, in the order of the second; what went comes last. */
export function differences(before: Config, after: Config): Difference[] {
  const [old, now] = [before, after].map(config => new Map(valuesOf(config).map(({ place, value }) => [place, value])))
  if (!old || !now) return []
  const changed = [...now].filter(([place, value]) => old.get(place) !== value)
  const gone = [...old].filter(([place]) => !now.has(place))
  return [
    ...changed.map(([place, value]) => differenceAt(place, old.get(place), value)),
    ...gone.map(([place, value]) => differenceAt(place, value, undefined)),
  ]
}

function differenceAt(place: string, before: string | undefined, after: string | undefined): Difference {
  const show = (value: string | undefined) => (value === undefined ? '(none)' : printable(value))
  return { line: `${place}: ${show(before)} → ${show(after)}`, needsRestart: settingsAtStart.some(name => name === place) }
}

/** Every value that is in force: settings, profiles, routes. */
export function valuesOf({ settings, profiles, routes }: Config): PlacedValue[] {
  return [
    ...placed('', settings),
    ...[...profiles.values()].flatMap(profile => placed(`profiles.${profile.name}.`, withoutName(profile))),
    ...routes.flatMap(({ prefix, origin, basePath, ...rest }) => placed(`routes.${prefix}.`, { origin: `${origin}${basePath}`, ...rest })),
  ]
}

function withoutName({ name: _name, redirectUri, ...rest }: Profile): object {
  return { ...rest, redirectUri: describeRedirectUri(redirectUri) }
}

function describeRedirectUri({ host, port, path }: RedirectUri): string {
  return `http://${host}${port === undefined ? '' : `:${port}`}${path}`
}

function placed(before: string, values: object): PlacedValue[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ place: `${before}${key}`, value: Array.isArray(value) ? value.join(' ') : String(value) }))
}
