// Runs the rewrites of a body one after the other, and as a stream where it has to be one.
import { Transform } from 'node:stream'
import type { BodyRewrite } from './steps.ts'

const empty = Buffer.alloc(0)

/** What the rewrites make of a chunk. */
export function rewrite(rewrites: readonly BodyRewrite[], chunk: Buffer): Buffer {
  let changed = chunk
  for (const step of rewrites) {
    if (changed.length === 0) return changed
    changed = step.push(changed)
  }
  return changed
}

/** What the rewrites still held, each one's rest having passed through those after it. */
export function endRewriting(rewrites: readonly BodyRewrite[]): Buffer {
  let rest: Buffer = empty
  for (const step of rewrites) rest = joined(rest.length === 0 ? empty : step.push(rest), step.end())
  return rest
}

/** What the rewrites make of a whole body. */
export function rewriteWhole(rewrites: readonly BodyRewrite[], body: Buffer): Buffer {
  return joined(rewrite(rewrites, body), endRewriting(rewrites))
}

/** The rewrites as one stream, which fails with what they throw. */
export function rewritingStream(rewrites: readonly BodyRewrite[]): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      answer(() => rewrite(rewrites, chunk), done)
    },
    flush(done) {
      answer(() => endRewriting(rewrites), done)
    },
  })
}

function answer(action: () => Buffer, done: (error: Error | null, chunk?: Buffer) => void): void {
  try {
    const chunk = action()
    if (chunk.length === 0) done(null)
    else done(null, chunk)
  } catch (error) {
    done(error as Error)
  }
}

function joined(one: Buffer, other: Buffer): Buffer {
  if (other.length === 0) return one
  return one.length === 0 ? other : Buffer.concat([one, other])
}
