// What the user's own file says about who may call, and a project file, which takes its place whole, leaves out.
import { HallpassError } from '../errors/hallpass-error.ts'
import { type ConfigPlace, ownConfigPath } from './locate.ts'
import { parseConfig } from './parse.ts'
import { readConfigFile } from './read-file.ts'
import type { ConfigDocument, SettingName, Settings } from './schema.ts'

/** A setting of the user's own that does not hold: its name, and as JSON what their file says and what holds in its place. */
export type LostSetting = { name: string; own: string; here: string }

/** The settings of `access` in the user's own file that `settings` do not hold to; `unreadable` when that file cannot be read or has faults. */
export function lostAccess(place: ConfigPlace, settings: Settings): LostSetting[] | 'unreadable' {
  const path = ownConfigPath(place)
  try {
    const { values } = parseConfig(readConfigFile(path), path)
    return differences(values.access ?? {}, settings)
  } catch (error) {
    if (!(error instanceof HallpassError)) throw error
    return error.code === 'config-missing' ? [] : 'unreadable'
  }
}

function differences(access: NonNullable<ConfigDocument['access']>, settings: Settings): LostSetting[] {
  return Object.entries(access).flatMap(([key, value]) => {
    const name = `access.${key}`
    const [own, here] = [JSON.stringify(value), JSON.stringify(settings[name as SettingName])]
    return own === here ? [] : [{ name, own, here }]
  })
}
