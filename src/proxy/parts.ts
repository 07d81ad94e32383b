// What the data path works with: one object for all exchanges of a configuration.
import type { Dispatcher } from 'undici'
import type { Broker } from '../broker/broker.ts'
import type { Tell } from '../journal/events.ts'
import type { Clock } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import type { AnswerStep, RequestStep } from './steps.ts'

export type ProxyParts = {
  routes: readonly Route[]
  broker: Broker
  dispatcherFor: (origin: string) => Dispatcher
  clock: Clock
  tell: Tell
  /** Seconds after which a silent origin counts as timed out; for the message. */
  silenceSeconds: number
  /** False when nobody is there to sign in: no request ever waits for a person. */
  interactive: boolean
  /** In the order in which they run; empty is the fast way. */
  requestSteps: readonly RequestStep[]
  answerSteps: readonly AnswerStep[]
}
