// The guard's verdict on a request head, rule by rule, before anything else looks at the request.
import { HallpassError } from '../errors/hallpass-error.ts'
import { judgePrefetch } from './browser-rules.ts'
import { judgeFraming, judgeUpgrade } from './framing.ts'
import type { Head } from './head.ts'
import { judgeHost } from './host.ts'
import type { Policy } from './policy.ts'
import { judgeMethod, judgeTarget } from './request-line.ts'

export { judgeApi, judgeOrigin, judgeOwnPage } from './browser-rules.ts'
export type { Policy } from './policy.ts'
export { judgeVersion } from './request-line.ts'

/** Node cuts a head silently at some thousand fields when it is left to count them, so that a Sec-Fetch field could vanish: we count. */
const maxFields = 100

/**
 * The refusal of a request whose head breaks a rule that has no exception, or undefined. Nothing is allocated for a good one. `method` and
 * `target` are as they stood in the request line. The refusal never repeats what was sent.
 */
export function judgeHead(method: string, target: string, head: Head, policy: Policy): HallpassError | undefined {
  return (
    judgeFieldCount(head) ??
    judgeHost(head, policy) ??
    judgeMethod(method) ??
    judgeTarget(target) ??
    judgeUpgrade(head) ??
    judgeFraming(head) ??
    judgePrefetch(head)
  )
}

function judgeFieldCount({ fieldCount }: Head): HallpassError | undefined {
  return fieldCount > maxFields ? new HallpassError('head-too-large', {}, { fields: { Connection: 'close' } }) : undefined
}
