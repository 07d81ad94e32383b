// Writes pictures as PNG (W3C Portable Network Graphics, third edition).
import { crc32, deflateSync } from 'node:zlib'
import type { Raster } from './raster.ts'

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export function writePng({ width, height, channels, samples }: Raster): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Bits a sample, then the colour type: greyscale or truecolour.
  header.set([8, channels === 1 ? 0 : 2], 8)
  const stride = width * channels
  // Each row begins with the filter that it went through: none.
  const rows = Buffer.alloc(height * (stride + 1))
  for (let row = 0; row < height; row++) rows.set(samples.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1)
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, content: Buffer): Buffer {
  const framed = Buffer.alloc(content.length + 12)
  framed.writeUInt32BE(content.length, 0)
  framed.write(type, 4, 'latin1')
  framed.set(content, 8)
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), content.length + 8)
  return framed
}
