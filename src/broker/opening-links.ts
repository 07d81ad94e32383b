// The links that browsers are started with: each leads on once, for every user of the machine can read a browser's arguments (proc(5), cmdline).
import type { Random } from '../terms/edges.ts'

export type OpeningLinks<Target> = {
  /** The secret of a new link to this target. It names nothing: whoever reads it can only follow it, and is seen when they do. */
  make(target: Target): string
  /** Where the secret leads, and whether somebody has followed it before; undefined when it was not given, or is forgotten. */
  follow(secret: string): { target: Target; used: boolean } | undefined
}

const remembered = 100

export function createOpeningLinks<Target>(random: Random): OpeningLinks<Target> {
  const links = new Map<string, { target: Target; used: boolean }>()
  return {
    make: target => {
      const secret = random(32)
      links.set(secret, { target, used: false })
      for (const oldest of links.keys()) if (links.size > remembered) links.delete(oldest)
      return secret
    },
    follow: secret => {
      const link = links.get(secret)
      if (link) links.set(secret, { ...link, used: true })
      return link
    },
  }
}
