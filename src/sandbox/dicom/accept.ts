// Chooses in what form a retrieved resource is sent (conformance statement v2 of the Azure service, Retrieve).
import { type MediaType, parseAccept } from './media-type.ts'
import { explicitLittleEndian } from './part10.ts'
import { Refusal } from './refusal.ts'

/** `transferSyntax` is `*` for the one that the file has. */
export type Form = { multipart: boolean; transferSyntax: string }

const jsonRanges = new Set(['application/dicom+json', 'application/*', '*/*'])

/**
 * @param type - `application/dicom` or `application/octet-stream`.
 * @param single - Whether it may be sent as one part that is no multipart.
 * @throws Refusal 406 when the Accept field allows no form that there is.
 */
export function chooseForm(accept: string | undefined, type: string, single: boolean): Form {
  for (const range of parseAccept(accept ?? '*/*')) {
    const form = formOf(range, type)
    if (form && (form.multipart || single)) return form
  }
  throw new Refusal(406, 'The request headers are not acceptable')
}

function formOf({ type, parameters }: MediaType, wanted: string): Form | undefined {
  const transferSyntax = parameters['transfer-syntax']
  if (type === '*/*') return { multipart: true, transferSyntax: transferSyntax ?? '*' }
  const inner = type === 'multipart/related' ? parameters.type?.toLowerCase() : type
  if (inner !== wanted) return undefined
  return { multipart: type === 'multipart/related', transferSyntax: transferSyntax ?? explicitLittleEndian }
}

/** @throws Refusal 406 when the Accept field does not allow DICOM JSON. */
export function demandJsonAccepted(accept: string | undefined): void {
  if (parseAccept(accept ?? '*/*').some(({ type }) => jsonRanges.has(type))) return
  throw new Refusal(406, 'The request headers are not acceptable')
}
