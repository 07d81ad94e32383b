// What a request does to a service, in the service's own terms, and the rules that a route may set on it.

/** Names of FHIR's RESTful interactions (RESTful API, FHIR R4); `read` includes vread, `transaction` is also batch. */
export const fhirInteractions = [
  ...['read', 'search', 'history', 'capabilities', 'create', 'update', 'patch', 'delete', 'transaction', 'operation'],
] as const

/** Names of the DICOMweb transactions (PS3.18), and of what Azure's DICOM service adds to them. */
export const dicomInteractions = [
  ...['retrieve', 'search', 'read', 'store', 'create', 'update', 'delete', 'delete-study', 'delete-series', 'delete-instance', 'export'],
] as const

export type Interaction = {
  /** What it is: `search`, `delete-study`, `$everything`, or `other` for what neither standard knows. */
  name: string
  /** The more general name by which a rule may allow it: `delete` for `delete-study`, `operation` for `$everything`. */
  group: string
  /** Changes nothing at the service, and copies nothing out of it by another way than the answer. */
  reads: boolean
  /** The path with names of the standards only; whatever else stood there is a word in braces. */
  template: string
}

/** The rule of a route: what is named in it passes. `read-only` names all that reads. */
export type Access = readonly string[]

export function permits(access: Access, { name, group, reads }: Interaction): boolean {
  return (reads && access.includes('read-only')) || access.includes(name) || access.includes(group)
}

/** The name for messages and the journal: an operation that no standard knows is the client's own text, and its group stands for it. */
export function labelOf({ name, group, template }: Interaction): string {
  return name.startsWith('$') && !template.includes(name) ? group : name
}

/** An operation's name in a rule. */
export const operationName = /^\$[a-z][a-z0-9-]{0,63}$/
