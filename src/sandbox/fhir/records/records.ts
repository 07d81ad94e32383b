// The records that a fresh sandbox holds: a few hundred, invented, the same for the same seed.
import { seededRandom } from '../../random.ts'
import { clinicalRecords } from './clinical.ts'
import { phantomImagingStudy } from './imaging.ts'
import { cohort, organizations, patients, practitioners } from './people.ts'
import { type SyntheticRecord, tagged } from './synthetic.ts'

/** In an order in which each record refers only to earlier ones; ids do not depend on the seed, contents do. */
export function syntheticRecords(seed: number): SyntheticRecord[] {
  const random = seededRandom(seed)
  const hospitals = organizations()
  const doctors = practitioners(random)
  const people = patients(random, hospitals, doctors)
  return tagged([
    ...hospitals,
    ...doctors,
    ...people,
    ...clinicalRecords(random, people, doctors),
    phantomImagingStudy(seed),
    cohort(people),
  ])
}
