// Replaces known URLs in a short text: the value of a field, a query.
import { UrlScanner } from './url-scanner.ts'
import type { Spelling } from './url-spelling.ts'
import type { UrlTable } from './url-table.ts'

const mayHoldUrl = /\/\/|\\|%2f/i

/** The text (Latin-1) with its known URLs replaced. `count` gets the number of those that the table counts. Throws RefusedUrl. */
export function replaceUrls(table: UrlTable, spelling: Spelling, text: string, count?: (counted: number) => void): string {
  if (!mayHoldUrl.test(text)) return text
  const scanner = new UrlScanner(table, spelling)
  const result = scanner.whole(Buffer.from(text, 'latin1'))
  if (scanner.counted > 0) count?.(scanner.counted)
  return scanner.replaced === 0 ? text : result.toString('latin1')
}
