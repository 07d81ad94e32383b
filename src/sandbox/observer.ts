// Tells whoever watches the sandbox what each service answered.
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ObservedExchange, Observer } from './contract.ts'

export type Observation = {
  observer: Observer
  /** Watches one exchange; to be called before it is handled. */
  watch: (service: ObservedExchange['service'], request: IncomingMessage, response: ServerResponse) => void
  /** Adds the grant type that the token endpoint read from the body. */
  noteGrant: (request: IncomingMessage, grantType: string) => void
}

/** An observer and the means to feed it. */
export function createObservation(): Observation {
  const observer: Observer = new EventEmitter()
  const grants = new WeakMap<IncomingMessage, string>()
  return {
    observer,
    noteGrant: (request, grantType) => grants.set(request, grantType),
    watch(service, request, response) {
      const { method = '', url: target = '', rawHeaders } = request
      let told = false
      const tell = () => {
        if (told) return
        told = true
        const grantType = grants.get(request)
        observer.emit('exchange', { service, method, target, status: response.statusCode, rawHeaders, ...(grantType && { grantType }) })
      }
      // prefinish comes while the answer leaves, before its reader can act on it; close alone when the reader has gone.
      response.once('prefinish', tell).once('close', tell)
    },
  }
}
