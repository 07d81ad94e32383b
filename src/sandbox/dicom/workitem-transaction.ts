// UPS-RS (PS3.18, chapter 11): creates workitems, changes them and their state, and cancels them.
import { tag } from './attributes.ts'
import { type Dataset, firstString } from './dicom-json.ts'
import { Refusal } from './refusal.ts'
import { isUid } from './store-validation.ts'
import { demandCreatable, demandFinal, demandUpdatable, demandValue } from './workitem-requirements.ts'
import type { ProcedureStepState, Workitem, WorkitemStore } from './workitem-store.ts'

/** Unified Procedure Step - Push SOP Class. */
const sopClass = '1.2.840.10008.5.1.4.34.6.1'

const states: ProcedureStepState[] = ['SCHEDULED', 'IN PROGRESS', 'CANCELED', 'COMPLETED']

/** @param now - Milliseconds since the epoch. */
export type Context = { store: WorkitemStore; now: number }

/**
 * @param uid - As the URL gives it; otherwise the dataset must have it.
 * @returns The UID of the workitem.
 * @throws Refusal 400 for a dataset that lacks what it must have, 409 when there is such a workitem.
 */
export function createWorkitem({ store, now }: Context, given: Dataset, uid: string | undefined): string {
  const own = firstString(given, tag('SOPInstanceUID'))
  if (uid !== undefined && own !== undefined && uid !== own)
    throw new Refusal(400, 'SOPInstanceUID in the payload does not match the workitem query parameter.')
  const dataset: Dataset = {
    ...given,
    [tag('SOPClassUID')]: { vr: 'UI', Value: [sopClass] },
    ...(uid !== undefined && { [tag('SOPInstanceUID')]: { vr: 'UI', Value: [uid] } }),
    [tag('ScheduledProcedureStepModificationDateTime')]: dateTime(now),
    [tag('WorklistLabel')]: { vr: 'LO', Value: ['worklist'] },
    [tag('ProcedureStepState')]: { vr: 'CS', Value: ['SCHEDULED'] },
  }
  demandCreatable(dataset)
  const name = firstString(dataset, tag('SOPInstanceUID')) ?? ''
  demandUid(name)
  if (store.get(name)) throw new Refusal(409, 'The workitem instance already exists. Try creating using a different UID.')
  const { [tag('TransactionUID')]: _, ...rest } = dataset
  store.set({ uid: name, state: 'SCHEDULED', dataset: rest })
  return name
}

/** @throws Refusal 404 */
export function demandWorkitem(store: WorkitemStore, uid: string): Workitem {
  demandUid(uid)
  const found = store.get(uid)
  if (!found) throw new Refusal(404, 'The workitem instance is not found.')
  return found
}

/**
 * @param transactionUid - As the URL gives it: the owner's, once the workitem is owned.
 * @throws Refusal 404; 400 for a workitem in a final state, a transaction UID that is missing, wrong or one too many, or for what may not change.
 */
export function updateWorkitem({ store, now }: Context, uid: string, changes: Dataset, transactionUid: string | undefined): void {
  const workitem = demandWorkitem(store, uid)
  const { state } = workitem
  if (state === 'COMPLETED' || state === 'CANCELED')
    throw new Refusal(400, `The submitted request is inconsistent with the current state of the Workitem. ${alreadyFinal(state)}`)
  if (state === 'SCHEDULED' && transactionUid !== undefined)
    throw new Refusal(400, 'Invalid TransactionUID for the specified Workitem Instance UID.')
  if (state === 'IN PROGRESS' && transactionUid !== workitem.transactionUid)
    throw new Refusal(400, 'The target URI did not reference a claimed Workitem.')
  demandUpdatable(changes)
  const modified = { [tag('ScheduledProcedureStepModificationDateTime')]: dateTime(now) }
  store.set({ ...workitem, dataset: { ...workitem.dataset, ...changes, ...modified } })
}

/**
 * Claims, completes or cancels a workitem.
 * @returns What the Warning field says when it is in that state already.
 * @throws Refusal 404; 400 for a transition that there is not, or a transaction UID that is missing or wrong.
 */
export function changeState({ store }: Context, uid: string, request: Dataset): string | undefined {
  demandValue(request, tag('TransactionUID'))
  demandValue(request, tag('ProcedureStepState'))
  const transactionUid = firstString(request, tag('TransactionUID')) ?? ''
  const target = states.find(state => state === firstString(request, tag('ProcedureStepState')))
  if (target === undefined || target === 'SCHEDULED')
    throw new Refusal(400, "Expected value '(0074,1000)' to be one of the following values: [IN PROGRESS,CANCELED,COMPLETED]")
  demandUid(transactionUid)
  const workitem = demandWorkitem(store, uid)
  const refusal = transitionError(workitem, target, transactionUid)
  if (refusal) throw new Refusal(400, `The workitem instance can not transition to '${target}' state: ${refusal}.`)
  if (workitem.state === target)
    return `The workitem instance is already in the final state '${target}'. ${target === 'CANCELED' ? 'B304' : 'B306'}.`
  if (target !== 'IN PROGRESS') demandFinal(workitem.dataset, target)
  store.set(inState({ ...workitem, transactionUid }, target))
  return undefined
}

/** The error code of PS3.4, table CC.1.1-2, or undefined when the transition is allowed. */
function transitionError(workitem: Workitem, target: Exclude<ProcedureStepState, 'SCHEDULED'>, transactionUid: string): string | undefined {
  const { state } = workitem
  const owns = workitem.transactionUid === transactionUid || (workitem.transactionUid === undefined && target === 'IN PROGRESS')
  if (!owns) return 'C301'
  if (state === 'SCHEDULED') return target === 'IN PROGRESS' ? undefined : 'C310'
  if (state === 'IN PROGRESS') return target === 'IN PROGRESS' ? 'C302' : undefined
  return state === target ? undefined : 'C300'
}

/**
 * Cancels a workitem that nobody owns.
 * @throws Refusal 404; 409 when somebody owns it or it is in a final state.
 */
export function requestCancellation({ store, now }: Context, uid: string, request: Dataset): void {
  const workitem = demandWorkitem(store, uid)
  if (workitem.state === 'CANCELED' || workitem.state === 'COMPLETED') throw new Refusal(409, alreadyFinal(workitem.state))
  if (workitem.state === 'IN PROGRESS') throw new Refusal(409, "The workitem instance can not transition to 'Canceled' state: C312.")
  const reason = request[tag('ReasonForCancellation')] ?? { vr: 'LT' }
  const progress: Dataset = {
    [tag('ProcedureStepCancellationDateTime')]: dateTime(now),
    [tag('ProcedureStepDiscontinuationReasonCodeSequence')]: { vr: 'SQ', Value: [{ [tag('ReasonForCancellation')]: reason }] },
  }
  const dataset = { ...workitem.dataset, [tag('ProcedureStepProgressInformationSequence')]: { vr: 'SQ', Value: [progress] } }
  store.set(inState({ ...workitem, dataset }, 'CANCELED'))
}

export function alreadyFinal(state: 'CANCELED' | 'COMPLETED'): string {
  return state === 'CANCELED' ? 'The UPS is already in the requested state of CANCELED.' : 'The UPS is already COMPLETED.'
}

function inState(workitem: Workitem, state: ProcedureStepState): Workitem {
  return { ...workitem, state, dataset: { ...workitem.dataset, [tag('ProcedureStepState')]: { vr: 'CS', Value: [state] } } }
}

function demandUid(uid: string): void {
  if (!isUid(uid)) throw new Refusal(400, `The string '${uid}' was not recognized as a valid DICOM identifier.`)
}

/** @param now - Milliseconds since the epoch. */
function dateTime(now: number): { vr: string; Value: string[] } {
  return { vr: 'DT', Value: [`${new Date(now).toISOString().replace(/[-:TZ]/g, '')}000`] }
}
