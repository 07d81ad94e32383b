// Rendered frames (PS3.18, 10.4.1.1.3; conformance statement v2 of the Azure service, Retrieve rendered image).
import type { Instance } from './instance-store.ts'
import { writeJpeg } from './jpeg.ts'
import { parseAccept } from './media-type.ts'
import { hasPlainPixels, readFrames } from './part10.ts'
import { writePng } from './png.ts'
import { drawFrame } from './raster.ts'
import { Refusal } from './refusal.ts'
import type { Piece } from './retrieve-transaction.ts'

export type Rendering = { mediaType: 'image/jpeg' | 'image/png'; quality: number }

/**
 * @param quality - The query parameter: 1 (worst) to 100 (best), for JPEG only.
 * @throws Refusal 406 for what is neither JPEG nor PNG, and for a choice, 400 for a quality that is none.
 */
export function readRendering(accept: string | undefined, quality: string | undefined): Rendering {
  const number = Number(quality ?? 100)
  if (!/^\d+$/.test(quality ?? '100') || number < 1 || number > 100)
    throw new Refusal(400, 'Image quality must be between 1 and 100 inclusive')
  const ranges = parseAccept(accept ?? 'image/jpeg')
  if (ranges.length > 1) throw new Refusal(406, 'The request contains multiple accept headers, which is not supported.')
  const mediaType = ranges[0]?.type
  if (mediaType !== 'image/jpeg' && mediaType !== 'image/png') throw new Refusal(406, 'The request headers are not acceptable')
  return { mediaType, quality: number }
}

/**
 * @param number - Of the frame, from 1.
 * @throws Refusal 404 for an instance without pixels and a frame that there is not, 406 for pixels that are not drawn here.
 */
export function renderFrame(instance: Instance, number: number, { mediaType, quality }: Rendering): Piece {
  if (!(Number.isInteger(number) && number >= 1))
    throw new Refusal(
      400,
      'The specified frames value is not valid. At least one frame must be present, and all requested frames must have value greater than 0.',
    )
  const frame = readFrames(instance.bytes)?.[number - 1]
  if (frame === undefined) throw new Refusal(404, 'The specified frame cannot be found.')
  const raster = hasPlainPixels(instance.transferSyntax) ? drawFrame(instance.dataset, frame) : undefined
  if (raster === undefined)
    throw new Refusal(
      406,
      `An error was encountered when attempting to convert the dicom file into an image: the sandbox draws uncompressed, little endian MONOCHROME1, MONOCHROME2 and 8-bit RGB only, this one is in ${instance.transferSyntax}.`,
    )
  return { contentType: mediaType, body: mediaType === 'image/png' ? writePng(raster) : writeJpeg(raster, quality) }
}
