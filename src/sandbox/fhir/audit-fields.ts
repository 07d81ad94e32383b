// Limits what a client may add to the audit log by header fields of its own.
import type { FastifyRequest } from 'fastify'
import { refuse } from './refusal.ts'

const prefix = 'x-ms-azurefhir-audit-'
const mostFields = 10
const longestValue = 2048

/** @throws Refusal 431 for more than ten such fields, or one of more than 2,048 characters. */
export async function limitAuditFields({ headers }: FastifyRequest): Promise<void> {
  const fields = Object.entries(headers).filter(([name]) => name.startsWith(prefix))
  if (fields.length > mostFields) {
    const text = `The maximum number of custom audit headers allowed is ${mostFields}. The number of custom audit headers supplied is ${fields.length}.`
    throw refuse(431, 'invalid', text)
  }
  for (const [name, value = ''] of fields) {
    if (value.length <= longestValue) continue
    const text = `The maximum length of a custom audit header value is ${longestValue}. The supplied custom audit header '${name}' has length of ${value.length}.`
    throw refuse(431, 'invalid', text)
  }
}
