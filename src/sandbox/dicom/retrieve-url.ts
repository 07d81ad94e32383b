// Where a study, series or instance is retrieved: absolute, as clients see the service.
import type { Place } from './instance-store.ts'

export const retrieveUrlTag = '00081190'

/** @param base - Origin and version, such as `http://localhost:51234/v2`. */
export function retrieveUrl(base: string, { study, series, instance }: Place): string {
  const path = series === undefined ? '' : `/series/${series}${instance === undefined ? '' : `/instances/${instance}`}`
  return `${base}/studies/${study}${path}`
}
