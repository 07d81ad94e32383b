// The switch of the faults: at most one is on, for as long or as often as it was told.
import { EntraError } from './entra-error.ts'
import { type Fault, type FaultName, faultTable, isFaultName, type Strike, type StrikeFacts } from './fault-table.ts'

export type FaultSwitch = {
  /** Switches a fault on in place of any other, or all off; `times` is how often it strikes, without limit unless set. */
  set: (name: FaultName | undefined, options?: { times?: number }) => void
  /** The fault that is on. */
  current: () => FaultName | undefined
  /** Whether this fault is on; when it is, that counts as one of its times. */
  strikes: (name: FaultName) => boolean
  /** Throws the refusal of the fault that is on if it strikes here; its text takes from the facts what it needs. */
  refuse: (at: Strike, facts: Partial<StrikeFacts>) => void
}

/** What Entra hands out for the next sign-in: ids of Conditional Access policies, which mean nothing to anybody else. */
const policyClaims = JSON.stringify({
  access_token: { capolids: { essential: true, values: ['5a4db0c5-0000-4000-8000-00000000ca01'] } },
})

/** Throws a RangeError for a name that is not in the table or a number of times that is none. */
export function createFaultSwitch(initial: FaultName | undefined): FaultSwitch {
  let on: FaultName | undefined
  let left = Number.POSITIVE_INFINITY
  const set: FaultSwitch['set'] = (name, { times = Number.POSITIVE_INFINITY } = {}) => {
    if (name !== undefined && !isFaultName(name)) throw new RangeError(`there is no fault '${name}'`)
    if (!(times >= 1)) throw new RangeError(`a fault strikes once or more often, not ${times} times`)
    on = name
    left = times
  }
  const strikes = (name: FaultName) => {
    if (on !== name) return false
    if (--left <= 0) on = undefined
    return true
  }
  set(initial)
  return {
    set,
    strikes,
    current: () => on,
    refuse(at, facts) {
      if (on === undefined) return
      const refusal = refusalOf(faultTable[on])
      if (refusal?.at.includes(at) && strikes(on)) throw errorOf(refusal, facts)
    },
  }
}

type Refusal = NonNullable<Fault['refusal']>

const refusalOf = ({ refusal }: Fault): Refusal | undefined => refusal

function errorOf({ code, claims, values = [] }: Refusal, facts: Partial<StrikeFacts>): EntraError {
  const error = new EntraError(code, ...values.map(name => facts[name] ?? ''))
  if (claims) error.claims = policyClaims
  return error
}
