// Keeps workitems, each a unified procedure step of the one worklist, in memory.
import type { Dataset } from './dicom-json.ts'

export type ProcedureStepState = 'SCHEDULED' | 'IN PROGRESS' | 'CANCELED' | 'COMPLETED'

export type Workitem = {
  uid: string
  state: ProcedureStepState
  /** Known to whoever owns it, and never given away: it is the lock. */
  transactionUid?: string
  /** With the state, without the transaction UID. */
  dataset: Dataset
}

export class WorkitemStore {
  readonly #workitems = new Map<string, Workitem>()

  get(uid: string): Workitem | undefined {
    return this.#workitems.get(uid)
  }

  set(workitem: Workitem): void {
    this.#workitems.set(workitem.uid, workitem)
  }

  /** The newest first. */
  all(): Workitem[] {
    return [...this.#workitems.values()].reverse()
  }
}
