// Reads the pictures that tests compare: PNG and PNM with 8 bits a sample.
import { inflateSync } from 'node:zlib'

export type Picture = { width: number; height: number; channels: number; samples: Buffer }

/** Any PNG that is grey or RGB, not interlaced (W3C Portable Network Graphics, third edition, 9.2 for the filters). */
export function readPng(file: Buffer): Picture {
  const [width, height, channels] = [file.readUInt32BE(16), file.readUInt32BE(20), file[25] === 2 ? 3 : 1]
  const chunks: Buffer[] = []
  for (let at = 8; at < file.length; at += file.readUInt32BE(at) + 12)
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') chunks.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)))
  const rows = inflateSync(Buffer.concat(chunks))
  const stride = width * channels
  const samples = Buffer.alloc(stride * height)
  for (let row = 0; row < height; row++)
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (samples[row * stride + x - channels] ?? 0)
      const up = row === 0 ? 0 : (samples[(row - 1) * stride + x] ?? 0)
      const corner = row === 0 || x < channels ? 0 : (samples[(row - 1) * stride + x - channels] ?? 0)
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][rows[row * (stride + 1)] ?? 0] ?? 0
      samples[row * stride + x] = ((rows[row * (stride + 1) + 1 + x] ?? 0) + predicted) & 255
    }
  return { width, height, channels, samples }
}

function paeth(left: number, up: number, corner: number): number {
  const distances = [left, up, corner].map(value => Math.abs(left + up - corner - value))
  const least = Math.min(...distances)
  return [left, up, corner][distances.indexOf(least)] ?? 0
}

/** PGM or PPM, as dcmtk writes them. */
export function readPnm(file: Buffer): Picture {
  const [head = '', kind, width, height] = /^(P[56])\s+(?:#.*\s+)*(\d+)\s+(\d+)\s+255\s/.exec(file.toString('latin1', 0, 200)) ?? []
  return { width: Number(width), height: Number(height), channels: kind === 'P6' ? 3 : 1, samples: file.subarray(head.length) }
}

/** The mean and the largest difference of two pictures' samples; infinite when they differ in size or kind. */
export function differenceOf(a: Picture, b: Picture): { mean: number; largest: number } {
  const alike = a.width === b.width && a.height === b.height && a.channels === b.channels && a.samples.length === b.samples.length
  if (!alike) return { mean: Number.POSITIVE_INFINITY, largest: Number.POSITIVE_INFINITY }
  const differences = a.samples.map((sample, index) => Math.abs(sample - (b.samples[index] ?? 0)))
  return { mean: differences.reduce((sum, value) => sum + value, 0) / differences.length, largest: Math.max(...differences) }
}
