// WADO-RS (PS3.18, 10.4): gives back files as they were stored, their metadata, and the frames of images.
import { createHash } from 'node:crypto'
import type { Form } from './accept.ts'
import type { Dataset } from './dicom-json.ts'
import type { Instance, InstanceStore, Place } from './instance-store.ts'
import { explicitLittleEndian, hasPlainPixels, readFrames } from './part10.ts'
import { Refusal } from './refusal.ts'

export type Piece = { contentType: string; body: Uint8Array }

/** @throws Refusal 404 when nothing is at the place. */
export function demandInstances(store: InstanceStore, place: Place): [Instance, ...Instance[]] {
  const [first, ...rest] = store.find(place)
  if (first === undefined) {
    const what = place.instance !== undefined ? 'instance' : place.series !== undefined ? 'series' : 'study'
    throw new Refusal(404, `The specified ${what} cannot be found.`)
  }
  return [first, ...rest]
}

/** @throws Refusal 406 when a file has another transfer syntax than was asked for: nothing is transcoded here, the Azure service does. */
export function filePieces(instances: Instance[], { transferSyntax }: Form): Piece[] {
  return instances.map(instance => {
    if (transferSyntax !== '*' && transferSyntax !== instance.transferSyntax) throw cannotTranscode(instance.transferSyntax)
    return { contentType: `application/dicom; transfer-syntax=${instance.transferSyntax}`, body: instance.bytes }
  })
}

/**
 * @param list - Frame numbers, from 1, separated by commas.
 * @throws Refusal 400 for a malformed list, 404 for a frame that there is not, 406 for pixel data that would have to be transcoded.
 */
export function framePieces(instance: Instance, list: string, { transferSyntax }: Form): Piece[] {
  const numbers = list.split(',').map(Number)
  if (numbers.some(number => !Number.isInteger(number) || number < 1))
    throw new Refusal(
      400,
      'The specified frames value is not valid. At least one frame must be present, and all requested frames must have value greater than 0.',
    )
  const plain = hasPlainPixels(instance.transferSyntax)
  if (transferSyntax !== '*' && !(transferSyntax === explicitLittleEndian && plain)) throw cannotTranscode(instance.transferSyntax)
  const frames = readFrames(instance.bytes)
  if (frames === undefined) throw new Refusal(404, 'The specified frame cannot be found.')
  const actual = plain ? explicitLittleEndian : instance.transferSyntax
  return numbers.map(number => {
    const body = frames[number - 1]
    if (body === undefined) throw new Refusal(404, 'The specified frame cannot be found.')
    return { contentType: `application/octet-stream; transfer-syntax=${actual}`, body }
  })
}

export function metadataOf(instances: Instance[]): { datasets: Dataset[]; etag: string } {
  const hash = createHash('sha256')
  for (const { study, series, instance, sequence } of instances) hash.update(`${study}/${series}/${instance}/${sequence}\n`)
  return { datasets: instances.map(({ dataset }) => dataset), etag: `"${hash.digest('hex').slice(0, 32)}"` }
}

function cannotTranscode(transferSyntax: string): Refusal {
  return new Refusal(
    406,
    `The specified transcoding is not supported: the sandbox gives files as they are stored, here in ${transferSyntax}. Ask for it with 'transfer-syntax=*' in the Accept header.`,
  )
}
