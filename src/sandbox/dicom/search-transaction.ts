// QIDO-RS (PS3.18, 10.6): finds studies, series and instances by their attributes.
import { additional, type Level, returned, type Tag, tag } from './attributes.ts'
import { type Dataset, stringsOf } from './dicom-json.ts'
import type { Instance, InstanceStore, Place } from './instance-store.ts'
import type { Query } from './query.ts'
import { retrieveUrl, retrieveUrlTag } from './retrieve-url.ts'

/** What is searched for, below which study and series, and whose levels' attributes the results hold. */
export type Resource = { level: Level; levels: Level[]; within?: Place }

type Entity = { place: Place; dataset: Dataset; sequence: number }

/** The page of matches, the newest first; empty when there is none. */
export function searchInstances(store: InstanceStore, { level, levels, within }: Resource, query: Query, base: string): Dataset[] {
  const entities = entitiesOf(store.find(within), level).toSorted((a, b) => b.sequence - a.sequence)
  const matching = entities.filter(({ dataset }) => [...query.matches.values()].every(matches => matches(dataset)))
  const wanted = wantedTags(levels, query, within)
  return matching.slice(query.offset, query.offset + query.limit).map(({ place, dataset }) => resultOf(place, dataset, wanted, base))
}

/** One entity a study, series or instance; attributes that differ between its instances are those of the latest. */
function entitiesOf(instances: Instance[], level: Level): Entity[] {
  const groups = new Map<string, [Instance, ...Instance[]]>()
  for (const instance of instances) {
    const { study, series, instance: uid } = instance
    const key = level === 'study' ? study : level === 'series' ? `${study}/${series}` : `${study}/${series}/${uid}`
    const members = groups.get(key)
    if (members) members.push(instance)
    else groups.set(key, [instance])
  }
  return [...groups.values()].map(members => entityOf(members, level))
}

function entityOf(members: [Instance, ...Instance[]], level: Level): Entity {
  const latest = members.reduce((a, b) => (a.sequence > b.sequence ? a : b))
  const { study, series, instance, sequence, dataset } = latest
  if (level === 'instance') return { place: { study, series, instance }, sequence, dataset }
  if (level === 'series') {
    const count = { vr: 'IS', Value: [members.length] }
    return { place: { study, series }, sequence, dataset: { ...dataset, [tag('NumberOfSeriesRelatedInstances')]: count } }
  }
  const modalities = [...new Set(members.flatMap(member => stringsOf(member.dataset, tag('Modality'))))]
  const computed = {
    [tag('ModalitiesInStudy')]: { vr: 'CS', Value: modalities },
    [tag('NumberOfStudyRelatedSeries')]: { vr: 'IS', Value: [new Set(members.map(member => member.series)).size] },
    [tag('NumberOfStudyRelatedInstances')]: { vr: 'IS', Value: [members.length] },
  }
  return { place: { study }, sequence, dataset: { ...dataset, ...computed } }
}

/** Those of the levels, those searched for, those asked for, and the UIDs in the resource's URL. */
function wantedTags(levels: Level[], { includeAll, includeFields, matches }: Query, within: Place | undefined): Set<Tag> {
  const fixed = levels.flatMap(level => [...returned[level], ...(includeAll ? additional[level] : [])])
  const inUrl = [...(within ? [tag('StudyInstanceUID')] : []), ...(within?.series === undefined ? [] : [tag('SeriesInstanceUID')])]
  return new Set([...fixed, ...includeFields, ...matches.keys(), ...inUrl])
}

function resultOf(place: Place, dataset: Dataset, wanted: Set<Tag>, base: string): Dataset {
  const kept = Object.entries(dataset).filter(([tag]) => wanted.has(tag))
  const all = [...kept, [retrieveUrlTag, { vr: 'UR', Value: [retrieveUrl(base, place)] }] as const]
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
