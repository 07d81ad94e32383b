// HTML in which everything that comes from outside is escaped.

/** Text that is HTML already. Only `html` makes it. */
export type Html = { readonly markup: string }

type Value = string | Html | readonly Html[] | false | undefined

/** A template whose strings are HTML and whose values are escaped unless they are HTML themselves; false and undefined leave nothing. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return { markup: String.raw({ raw: strings }, ...values.map(asMarkup)) }
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function asMarkup(value: Value): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return value.replace(/[&<>"']/g, character => entities[character] ?? '')
  if ('markup' in value) return value.markup
  return value.map(({ markup }) => markup).join('')
}
