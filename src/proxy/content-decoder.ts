// Takes off one content coding, as a stream that will not be blown up.
import { Duplex } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import type { HallpassError } from '../errors/hallpass-error.ts'

/** The codings that can be taken off; `deflate` with and without its zlib header, as services send both (RFC 9110 section 8.4.1.2). */
const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: (options: object, first: number) => ((first & 0x0f) === 8 ? createInflate(options) : createInflateRaw(options)),
  br: createBrotliDecompress,
} as const
type Coding = keyof typeof decoders
type Engine = ReturnType<(typeof decoders)[Coding]>

/** Beyond this much output, the ratio counts: a megabyte. */
const freeBytes = 1024 * 1024
const highestRatio = 100
/** Larger pieces than node's 16 KiB cost less each. */
const chunkSize = 64 * 1024

/** The one coding that a Content-Encoding value names, when it can be taken off; several, one on top of the other, cannot. */
export function readableCoding(contentEncoding: string): Coding | undefined {
  const name = contentEncoding.trim().toLowerCase()
  return Object.hasOwn(decoders, name) ? (name as Coding) : undefined
}

/** Content-Encoding, added to what earlier fields said (RFC 9110 section 5.3), in small letters and without `identity`, which changes nothing. */
export function addCoding(earlier: string, value: string): string {
  const names = value.split(',').map(name => name.trim().toLowerCase())
  return [earlier, ...names].filter(name => name !== '' && name !== 'identity').join(', ')
}

/**
 * The value of an Accept-Encoding field without the codings that cannot be taken off, so that the service chooses among the others. One that
 * allows anything (`*`) allows what can be.
 */
export function readableOffer(acceptEncoding: string): string {
  const offered = acceptEncoding.split(',').map(item => item.trim())
  const kept = offered.flatMap(item => {
    const [name = '', weight] = item.split(';').map(part => part.trim())
    if (name === '*' && !/^q=0(?:\.0*)?$/i.test(weight ?? ''))
      return ['gzip', 'br'].map(coding => (weight ? `${coding};${weight}` : coding))
    return name === '*' || name.toLowerCase() === 'identity' || readableCoding(name) ? [item] : []
  })
  return kept.length === 0 ? 'identity' : kept.join(', ')
}

/** What is wrong with a coded body: it is not what its coding says, or it becomes more than a hundred times as long. */
export type Complaint = 'broken' | 'inflates'

/** Decodes; fails with what `complain` makes of a bad body. */
export class ContentDecoder extends Duplex {
  readonly #coding: Coding
  readonly #complain: (complaint: Complaint) => HallpassError
  #engine: Engine | undefined
  #written = 0
  #read = 0

  constructor(coding: Coding, complain: (complaint: Complaint) => HallpassError) {
    super({ readableHighWaterMark: chunkSize })
    this.#coding = coding
    this.#complain = complain
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (chunk.length === 0) return done()
    this.#written += chunk.length
    this.#engine ??= this.#open(chunk[0] as number)
    this.#engine.write(chunk, () => done())
  }

  override _final(done: () => void): void {
    if (!this.#engine) this.push(null)
    this.#engine?.end()
    done()
  }

  override _read(): void {
    this.#engine?.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#engine?.destroy()
    done(error)
  }

  #open(first: number): Engine {
    return decoders[this.#coding]({ chunkSize }, first)
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('end', () => this.push(null))
      .on('error', () => this.destroy(this.#complain('broken')))
  }

  #take(chunk: Buffer): void {
    this.#read += chunk.length
    if (this.#read > freeBytes && this.#read > highestRatio * this.#written) this.destroy(this.#complain('inflates'))
    else if (!this.push(chunk)) this.#engine?.pause()
  }
}
