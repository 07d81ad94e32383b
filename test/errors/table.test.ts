// The table of errors: each code once, each with what is the matter and what to do, in every form.
import { readdirSync } from 'node:fs'
import t from 'tap'
import type { ErrorEntry } from '../../src/errors/entry.ts'
import { HallpassError } from '../../src/errors/hallpass-error.ts'
import { renderAsOperationOutcome, renderAsProblem, renderForTerminal } from '../../src/errors/render.ts'
import { type ErrorCode, errorTable } from '../../src/errors/table.ts'

const codes = Object.keys(errorTable) as ErrorCode[]
const particularsOf = ({ summary, remedy }: ErrorEntry) =>
  Object.fromEntries([...`${summary} ${remedy}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name ?? '', `<${name}>`]))

t.test('every code stands in one family only', async t => {
  const folder = new URL('../../src/errors/table/', import.meta.url)
  const files = readdirSync(folder).filter(file => file.endsWith('.js'))
  const families = await Promise.all(files.map(async file => Object.values(await import(new URL(file, folder).href))))
  const all = families.flat().flatMap(family => Object.keys(family as object))
  t.strictSame([...all].sort(), [...codes].sort())
})

t.test('every entry says what is the matter and what to do, in sentences', async t => {
  for (const code of codes) {
    const { summary, remedy, status } = errorTable[code] as ErrorEntry
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.match(summary, /^(hallpass|[A-Z{]).*([.}]|: \{\w+\})$/s, code)
    t.match(remedy, /^[A-Z{].*[.}]$/s, code)
    t.ok(status >= 400 && status < 600, code)
  }
})

t.test('an error reads the same in a terminal, as a problem and as an OperationOutcome', async t => {
  for (const code of codes) {
    const entry = errorTable[code] as ErrorEntry
    const error = new HallpassError(code, particularsOf(entry))
    t.notMatch(`${error.summary}${error.remedy}`, /[{}]/, `every place of ${code} is filled`)
    t.equal(renderForTerminal(error), `hallpass: ${error.summary}\n  → ${error.remedy}\n`)
    const problem = JSON.parse(renderAsProblem(error))
    t.strictSame(problem, {
      ...{ type: `urn:hallpass:error:${code}`, title: error.summary, status: entry.status },
      ...{ detail: error.remedy, code },
    })
    const outcome = JSON.parse(renderAsOperationOutcome(error))
    t.match(outcome, {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: entry.issue, diagnostics: `${error.summary} ${error.remedy}` }],
    })
  }
})

t.test('what else was found follows, each with its remedy', async t => {
  const error = new HallpassError('usage', { what: 'First.', command: 'hallpass' }, { more: [new HallpassError('sign-in-state')] })
  t.equal(renderForTerminal(error).match(/^hallpass: /gm)?.length, 2)
  t.equal(renderForTerminal(error).match(/^ {2}→ /gm)?.length, 2)
})
