// Where the daemon's events and exchanges go: to the edge that shows them, to the log file when there is one, and into the journal.
import { join } from 'node:path'
import type { Settings } from '../config/schema.ts'
import type { HallpassError } from '../errors/hallpass-error.ts'
import type { Tell } from '../journal/events.ts'
import { createJournal, type Journal } from '../journal/journal.ts'
import { openLogFile } from '../journal/log-file.ts'
import { logLine } from '../journal/log-line.ts'
import type { Edges } from './edges.ts'

export type Logging = {
  tell: Tell
  journal: Journal
  /** Resolves when the log file holds everything. */
  close(): Promise<void>
}

export function composeLogging({ log, logFile, journalSize }: Settings, { tell: show, clock, paths, random }: Edges): Logging {
  const onTrouble = ({ code, summary, remedy }: HallpassError) => show({ event: 'log-trouble', code, summary, remedy })
  const file = logFile ? openLogFile(join(paths.state, 'hallpass.log'), onTrouble) : undefined
  const tell: Tell = file
    ? event => {
        show(event)
        file.write(logLine(event, clock.now()))
      }
    : show
  const tellExchange: Parameters<typeof createJournal>[2] = record => tell({ event: 'exchange', record })
  return {
    tell,
    journal: createJournal(journalSize, random, file || log === 'json' ? tellExchange : undefined),
    close: async () => file?.close(),
  }
}
