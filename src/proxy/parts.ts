// What the data path works with: one object for all exchanges of a configuration.
import type { Dispatcher } from 'undici'
import type { Broker } from '../broker/broker.ts'
import type { Tell } from '../journal/events.ts'
import type { Journal } from '../journal/journal.ts'
import type { Clock } from '../terms/edges.ts'
import type { Route } from '../terms/route.ts'
import type { LiveExchanges } from './live-exchanges.ts'
import type { AnswerStep, RequestStep } from './steps.ts'

/** In seconds. The first three are kept by the dispatcher and stand here for the messages. */
export type Timeouts = {
  /** Connecting to a service. */
  connect: number
  /** Until a service's answer begins. */
  answer: number
  /** Silence within a service's answer. */
  silence: number
  /** A client that sends nothing in the middle of its body, or takes nothing of its answer. */
  client: number
}

export type ProxyParts = {
  routes: readonly Route[]
  broker: Broker
  dispatcherFor: (origin: string) => Dispatcher
  clock: Clock
  tell: Tell
  journal: Journal
  live: LiveExchanges
  timeouts: Timeouts
  /** By a route's prefix: names of request fields, in small letters, that its service gets beside the known ones. */
  forwardFields: ReadonlyMap<string, ReadonlySet<string>>
  /** The URL of a path of ours, such as `/-/explain/x`. */
  urlOf: (path: string) => string
  /** False when nobody is there to sign in: no request ever waits for a person. */
  interactive: boolean
  /** In the order in which they run; empty is the fast way. */
  requestSteps: readonly RequestStep[]
  answerSteps: readonly AnswerStep[]
}
