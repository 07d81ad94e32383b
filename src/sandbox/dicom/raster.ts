// Makes 8-bit pictures of frames: rescale, window, MONOCHROME1 and 2, RGB (PS3.3, C.7.6.3 and C.11.2).
import { tag } from './attributes.ts'
import { type Dataset, firstString, stringsOf } from './dicom-json.ts'

/** Rows of pixels from the top left, each pixel one grey sample, or red, green and blue. */
export type Raster = { width: number; height: number; channels: 1 | 3; samples: Uint8Array | Uint8ClampedArray }

/** @returns undefined for pixels of a kind that is not drawn here. */
export function drawFrame(dataset: Dataset, frame: Uint8Array): Raster | undefined {
  const [width, height] = [numberOf(dataset, 'Columns'), numberOf(dataset, 'Rows')]
  const bits = numberOf(dataset, 'BitsAllocated')
  const interpretation = firstString(dataset, tag('PhotometricInterpretation')) ?? 'MONOCHROME2'
  if (width * height === 0 || (bits !== 8 && bits !== 16)) return undefined
  const size = { width, height }
  if (interpretation === 'RGB' && bits === 8) return { ...size, channels: 3, samples: interleave(dataset, frame, width * height) }
  if (!interpretation.startsWith('MONOCHROME')) return undefined
  const values = rescale(dataset, storedValues(dataset, frame, width * height, bits))
  const samples = applyWindow(dataset, values)
  if (interpretation === 'MONOCHROME1') for (const [index, sample] of samples.entries()) samples[index] = 255 - sample
  return { ...size, channels: 1, samples }
}

function numberOf(dataset: Dataset, keyword: string, otherwise = 0): number {
  const number = Number(firstString(dataset, tag(keyword)) ?? Number.NaN)
  return Number.isNaN(number) ? otherwise : number
}

/** One plane after the other becomes one pixel after the other. */
function interleave(dataset: Dataset, frame: Uint8Array, pixels: number): Uint8Array {
  if (numberOf(dataset, 'PlanarConfiguration') === 0) return frame.subarray(0, pixels * 3)
  return Uint8Array.from({ length: pixels * 3 }, (_, index) => frame[(index % 3) * pixels + Math.floor(index / 3)] ?? 0)
}

/** The bits that are stored, without what else may share the word, as signed or unsigned numbers. */
function storedValues(dataset: Dataset, frame: Uint8Array, pixels: number, bits: 8 | 16): Float64Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const stored = numberOf(dataset, 'BitsStored', bits)
  const unused = Math.max(0, numberOf(dataset, 'HighBit', stored - 1) + 1 - stored)
  const range = 2 ** stored
  const isSigned = numberOf(dataset, 'PixelRepresentation') === 1
  return Float64Array.from({ length: pixels }, (_, index) => {
    const word = bits === 8 ? view.getUint8(index) : view.getUint16(index * 2, true)
    const value = (word >>> unused) & (range - 1)
    return isSigned && value >= range / 2 ? value - range : value
  })
}

function rescale(dataset: Dataset, values: Float64Array): Float64Array {
  const [slope, intercept] = [numberOf(dataset, 'RescaleSlope', 1), numberOf(dataset, 'RescaleIntercept')]
  return slope === 1 && intercept === 0 ? values : values.map(value => value * slope + intercept)
}

/** Black and white are the edges of the file's first window; without one the darkest and the brightest pixel. */
function applyWindow(dataset: Dataset, values: Float64Array): Uint8ClampedArray {
  const [center, width] = ['WindowCenter', 'WindowWidth'].map(keyword => Number(stringsOf(dataset, tag(keyword))[0] ?? Number.NaN))
  // A clamped array rounds to the nearest whole number from 0 to 255.
  if (center === undefined || !(width !== undefined && width >= 1) || Number.isNaN(center)) return stretch(values)
  const exact = firstString(dataset, tag('VOILUTFunction')) === 'LINEAR_EXACT'
  const [middle, span] = exact ? [center, width] : [center - 0.5, width - 1]
  return Uint8ClampedArray.from(values, value => (span === 0 ? (value > middle ? 255 : 0) : ((value - middle) / span + 0.5) * 255))
}

function stretch(values: Float64Array): Uint8ClampedArray {
  const lowest = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const span = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - lowest
  return Uint8ClampedArray.from(values, value => (span === 0 ? 0 : ((value - lowest) / span) * 255))
}
