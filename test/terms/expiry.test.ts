// The expiry calendar: each warning at its day, neither before nor after.
import t from 'tap'
import { dateOf, day, describeDistance, parseDay, stageOf } from '../../src/terms/expiry.ts'
import { namesCertificate, normaliseThumbprint } from '../../src/terms/thumbprint.ts'

const end = Date.UTC(2027, 4, 25)

t.test('a warning is due from 30, 14, 7 and 1 days before the end, and from the end on', async t => {
  for (const [before, stage] of [
    [400 * day, undefined],
    [30 * day + 1, undefined],
    [30 * day, 30],
    [14 * day + 1, 30],
    [14 * day, 14],
    [7 * day + 1, 14],
    [7 * day, 7],
    [day + 1, 7],
    [day, 1],
    [1, 1],
    [0, 'expired'],
    [-900 * day, 'expired'],
  ] as const)
    t.equal(stageOf(end, end - before), stage, `${before / day} days before`)
})

t.test('distances read as people say them', async t => {
  for (const [before, words] of [
    [180 * day - 5, 'in 180 days'],
    [day, 'in 1 day'],
    [day - 1, 'within a day'],
    [0, 'within the last day'],
    [-day, '1 day ago'],
    [-30 * day - 7, '30 days ago'],
  ] as const)
    t.equal(describeDistance(end, end - before), words)
  t.equal(dateOf(end), '2027-05-25')
})

t.test('a day is what ISO 8601 says', async t => {
  t.equal(parseDay('2027-05-25'), end)
  t.equal(parseDay('2027-05-25T02:00:00+02:00'), end)
  for (const wrong of ['2027-5-25', '25.05.2027', '2027-02-30', '2027-13-01', '20270525', '2027-05-25T25:00:00Z', ' 2027-05-25', ''])
    t.equal(parseDay(wrong), undefined, wrong)
})

t.test('a thumbprint is its digits, however they are written', async t => {
  const digits = '0123456789ABCDEF0123456789ABCDEF01234567'
  for (const written of [
    digits,
    digits.toLowerCase(),
    digits.match(/../g)?.join(':'),
    digits.match(/.{8}/g)?.join(' '),
    `\u200e${digits}\r\n`,
  ])
    t.equal(normaliseThumbprint(written ?? ''), digits)
  for (const wrong of ['', digits.slice(1), `${digits}0`, digits.replace('F', 'G'), '3f2504e0-4f89-41d3-9a0c-0305e82c3301'])
    t.equal(normaliseThumbprint(wrong), undefined, wrong)
  const prints = { sha1: digits, sha256: digits.padEnd(64, '0') }
  t.ok(namesCertificate(prints.sha256.toLowerCase(), prints))
  t.notOk(namesCertificate('', prints))
})
