// The links of a Bundle: which request it answers, and where it goes on.
import type { BundleLink } from '@medplum/fhirtypes'
import type { Pair } from './search-plan.ts'

/**
 * @param url - Absolute URL of the request without its query.
 * @param used - The parameters that were used.
 * @param next - The continuation of the following page, undefined on the last one.
 */
export function linksOf(url: string, used: Pair[], next: string | undefined): BundleLink[] {
  const self: BundleLink = { relation: 'self', url: withQuery(url, used) }
  // The total is counted for the first page only.
  const following = used.filter(([name]) => name !== 'ct' && name !== '_total')
  return next === undefined ? [self] : [{ relation: 'next', url: withQuery(url, [...following, ['ct', next]]) }, self]
}

function withQuery(url: string, pairs: Pair[]): string {
  const query = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  return query === '' ? url : `${url}?${query}`
}
