// Reads DICOM files (PS3.10) with dcmjs: what they are, their dataset, their frames.
import dcmjs from 'dcmjs'
import { type Tag, tag } from './attributes.ts'
import { type Dataset, firstString, toDicomJson } from './dicom-json.ts'
import { findMisfits, type Misfit, rawStrings } from './value-check.ts'

const { DicomMessage } = dcmjs.data

dcmjs.log.setLevel('silent')
// dcmjs reads a value that ends too early as far as it goes and only logs it: we would keep a truncated file for a whole one.
Object.assign(dcmjs.log.getLogger('validation.dcmjs'), {
  warn: (message: string) => {
    throw new RangeError(message)
  },
  error: () => undefined,
})

export const explicitLittleEndian = '1.2.840.10008.1.2.1'
export const implicitLittleEndian = '1.2.840.10008.1.2'
const deflatedLittleEndian = '1.2.840.10008.1.2.1.99'
const bigEndian = '1.2.840.10008.1.2.2'

/** Transfer syntaxes whose pixel data is plain, little endian samples. */
const plainPixels = new Set([explicitLittleEndian, implicitLittleEndian, deflatedLittleEndian])

export type Part10 = {
  transferSyntax: string
  dataset: Dataset
  /** The UIDs that name the file and its class, by tag, as the file has them: dcmjs drops what does not belong in a UID. */
  uids: Map<Tag, string>
  /** Values that do not fit their value representation. */
  misfits: Map<Tag, Misfit>
}

/** @throws Error when dcmjs cannot read the file to its end. */
export function readPart10(bytes: Uint8Array<ArrayBuffer>): Part10 {
  const { meta, dict } = DicomMessage.readFile(wholeBuffer(bytes))
  const [transferSyntax] = meta[tag('TransferSyntaxUID')]?.Value ?? []
  if (typeof transferSyntax !== 'string') throw new RangeError('The file names no transfer syntax')
  const uids = Object.entries(dict).flatMap(([tag, element]) => (element.vr === 'UI' ? [[tag, rawStrings(element)[0] ?? ''] as const] : []))
  return { transferSyntax, dataset: toDicomJson(dict), uids: new Map(uids), misfits: findMisfits(dict) }
}

/**
 * The frames of an image in the file's own transfer syntax.
 * @returns undefined when there is no pixel data, or when fragments cannot be told apart by frame.
 */
export function readFrames(bytes: Uint8Array<ArrayBuffer>): Uint8Array[] | undefined {
  const { meta, dict } = DicomMessage.readFile(wholeBuffer(bytes))
  const [transferSyntax] = meta[tag('TransferSyntaxUID')]?.Value ?? []
  const fragments = ((dict[tag('PixelData')]?.Value ?? []) as ArrayBuffer[]).map(buffer => new Uint8Array(buffer))
  const [first] = fragments
  if (first === undefined) return undefined
  const dataset = toDicomJson(dict)
  const count = Number(firstString(dataset, tag('NumberOfFrames')) ?? 1)
  if (plainPixels.has(String(transferSyntax)) || transferSyntax === bigEndian) return splitFrames(first, count, frameLength(dataset))
  if (count === 1) return [Buffer.concat(fragments)]
  return fragments.length === count ? fragments : undefined
}

/** Whether a file's frames are, unchanged, what a client gets who asks for explicit VR little endian. */
export function hasPlainPixels(transferSyntax: string): boolean {
  return plainPixels.has(transferSyntax)
}

function splitFrames(pixels: Uint8Array, count: number, length: number): Uint8Array[] | undefined {
  if (length === 0 || pixels.length < count * length) return undefined
  return Array.from({ length: count }, (_, index) => pixels.subarray(index * length, (index + 1) * length))
}

function frameLength(dataset: Dataset): number {
  const number = (keyword: string) => Number(firstString(dataset, tag(keyword)) ?? 0)
  return (number('Rows') * number('Columns') * (number('SamplesPerPixel') || 1) * number('BitsAllocated')) / 8
}

/** dcmjs reads whole buffers only: of a view into a larger one it would miss the end. */
function wholeBuffer(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer
}
