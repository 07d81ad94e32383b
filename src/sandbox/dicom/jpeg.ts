// Writes pictures as JPEG: the baseline process, all components at full size (ITU-T T.81; JFIF 1.01).
import { acTable, dcTable, type HuffmanTable, luminanceSteps, zigzag } from './jpeg-tables.ts'
import type { Raster } from './raster.ts'

/** @param quality - 1 (worst) to 100 (best), as in the IJG's library. */
export function writeJpeg(raster: Raster, quality: number): Buffer {
  const scale = quality < 50 ? 5000 / quality : 200 - 2 * quality
  const steps = luminanceSteps.map(step => Math.min(255, Math.max(1, Math.floor((step * scale + 50) / 100))))
  return Buffer.concat([header(raster, steps), encodeScan(raster, steps), Buffer.from([0xff, 0xd9])])
}

function header({ width, height, channels }: Raster, steps: number[]): Buffer {
  const components = Array.from({ length: channels }, (_, index) => index + 1)
  const size = [height >> 8, height & 255, width >> 8, width & 255]
  const huffman = (kind: number, { counts, symbols }: HuffmanTable) => segment(0xc4, [kind, ...counts, ...symbols])
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    segment(0xdb, [0, ...zigzag.map(at => steps[at] ?? 1)]),
    segment(0xc0, [8, ...size, channels, ...components.flatMap(id => [id, 0x11, 0])]),
    huffman(0x00, dcTable),
    huffman(0x10, acTable),
    segment(0xda, [channels, ...components.flatMap(id => [id, 0x00]), 0, 63, 0]),
  ])
}

function segment(marker: number, content: number[]): Buffer {
  const length = content.length + 2
  return Buffer.from([0xff, marker, length >> 8, length & 255, ...content])
}

/** The blocks of all components in turn, from the top left. */
function encodeScan(raster: Raster, steps: number[]): Buffer {
  const planes = planesOf(raster)
  const bits = new BitWriter()
  const previous = planes.map(() => 0)
  for (let top = 0; top < raster.height; top += 8)
    for (let left = 0; left < raster.width; left += 8)
      for (const [index, plane] of planes.entries()) {
        const coefficients = quantize(transform(blockAt(plane, raster, left, top)), steps)
        writeBlock(bits, coefficients, previous[index] ?? 0)
        previous[index] = coefficients[0] ?? 0
      }
  return bits.end()
}

/** Grey as it is; red, green and blue as luminance and two differences of colour (JFIF 1.01), around zero. */
function planesOf({ width, height, channels, samples }: Raster): Float32Array[] {
  const plane = (weights: number[], shift: number) =>
    Float32Array.from({ length: width * height }, (_, pixel) =>
      weights.reduce((sum, weight, channel) => sum + weight * (samples[pixel * channels + channel] ?? 0), shift),
    )
  if (channels === 1) return [plane([1], -128)]
  return [plane([0.299, 0.587, 0.114], -128), plane([-0.168736, -0.331264, 0.5], 0), plane([0.5, -0.418688, -0.081312], 0)]
}

/** Beyond the edges the last row and column go on. */
function blockAt(plane: Float32Array, { width, height }: Raster, left: number, top: number): Float32Array {
  return Float32Array.from({ length: 64 }, (_, at) => {
    const x = Math.min(left + (at & 7), width - 1)
    const y = Math.min(top + (at >> 3), height - 1)
    return plane[y * width + x] ?? 0
  })
}

/** Row u holds the samples of the cosine of frequency u, scaled so that the transform keeps lengths. */
const cosines = Float32Array.from({ length: 64 }, (_, at) => {
  const [u, x] = [at >> 3, at & 7]
  return Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1) * 0.5
})

/** The discrete cosine transform in two dimensions: of the rows, then of the columns. */
function transform(block: Float32Array): Float32Array {
  const once = (values: Float32Array) =>
    Float32Array.from({ length: 64 }, (_, at) => {
      const [u, line] = [at >> 3, at & 7]
      let sum = 0
      for (let x = 0; x < 8; x++) sum += (cosines[u * 8 + x] ?? 0) * (values[line * 8 + x] ?? 0)
      return sum
    })
  // Each pass turns the block over, so two leave it as it was.
  return once(once(block))
}

/** Whole multiples of the steps, from the lowest frequency to the highest. */
function quantize(coefficients: Float32Array, steps: number[]): number[] {
  return zigzag.map(at => Math.round((coefficients[at] ?? 0) / (steps[at] ?? 1)))
}

function writeBlock(bits: BitWriter, [dc = 0, ...ac]: number[], previousDc: number): void {
  writeCoefficient(bits, dcCodes, 0, dc - previousDc)
  let zeros = 0
  for (const value of ac) {
    if (value === 0) {
      zeros++
      continue
    }
    for (; zeros > 15; zeros -= 16) bits.writeCode(acCodes[0xf0])
    writeCoefficient(bits, acCodes, zeros, value)
    zeros = 0
  }
  if (zeros > 0) bits.writeCode(acCodes[0x00])
}

/** A code for the zeros before it and its length in bits, then the bits: those of a negative number less one. */
function writeCoefficient(bits: BitWriter, codes: Code[], zeros: number, value: number): void {
  const length = value === 0 ? 0 : 32 - Math.clz32(Math.abs(value))
  bits.writeCode(codes[(zeros << 4) | length])
  bits.write(value < 0 ? value + 2 ** length - 1 : value, length)
}

type Code = { bits: number; length: number }

const dcCodes = codesOf(dcTable)
const acCodes = codesOf(acTable)

/** Codes by symbol: counted up within a length, doubled for the next (annex C). */
function codesOf({ counts, symbols }: HuffmanTable): Code[] {
  const codes: Code[] = []
  let [bits, used] = [0, 0]
  for (const [index, count] of counts.entries()) {
    for (const symbol of symbols.slice(used, used + count)) codes[symbol] = { bits: bits++, length: index + 1 }
    used += count
    bits *= 2
  }
  return codes
}

class BitWriter {
  readonly #bytes: number[] = []
  #pending = 0
  #count = 0

  writeCode(code: Code | undefined): void {
    if (code === undefined) throw new RangeError('The Huffman table has no such symbol')
    this.write(code.bits, code.length)
  }

  /** The lowest bits of a number, the highest of them first. */
  write(value: number, length: number): void {
    this.#pending = (this.#pending << length) | value
    for (this.#count += length; this.#count >= 8; this.#count -= 8) {
      const byte = (this.#pending >>> (this.#count - 8)) & 255
      // A zero after 255 says that it is no marker.
      this.#bytes.push(byte, ...(byte === 255 ? [0] : []))
    }
    this.#pending &= 2 ** this.#count - 1
  }

  /** All bytes, the last one filled up with ones. */
  end(): Buffer {
    if (this.#count > 0) this.write(255 >> this.#count, 8 - this.#count)
    return Buffer.from(this.#bytes)
  }
}
