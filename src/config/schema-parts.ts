// The pieces that definitions are made of.
import Type, { type Static, type TSchema } from 'typebox'

/** One of a few words. */
export const choice = <const T extends readonly string[]>(values: T, description: string, more: object = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, description, ...more })

/** A whole number within limits; its unit belongs into the name. */
export const wholeNumber = (minimum: number, maximum: number, usual: number, description: string) =>
  Type.Integer({ minimum, maximum, default: usual, description })

/** A text that is not empty. */
export const text = (description: string, more: object = {}) => Type.String({ minLength: 1, description, ...more })

/** One text, or several. */
export const oneOrSeveral = (description: string, more: object = {}) =>
  Type.Unsafe<string | string[]>({
    anyOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: { type: 'string' } }],
    description,
    ...more,
  })

/** A schema as it is read back: for messages, help and the reference page. */
export type Annotated = {
  type?: string
  enum?: readonly string[]
  minimum?: number
  maximum?: number
  default?: unknown
  description?: string
  examples?: readonly unknown[]
  items?: Annotated
}

/** The annotations of a schema. */
export function annotationsOf(schema: TSchema): Annotated {
  return schema as Annotated
}

export type Values<Schemas extends Record<string, TSchema>> = { [Name in keyof Schemas]: Static<Schemas[Name]> }

/** The definitions of a group of settings, by their places: `key` in the group `access` is `access.key`. */
export function grouped<Group extends string, Schemas extends Record<string, TSchema>>(group: Group, schemas: Schemas) {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [`${group}.${name}`, schema])) as {
    [Name in keyof Schemas & string as `${Group}.${Name}`]: Schemas[Name]
  }
}
