// How often a person is asked: one opening until somebody answers, none after two refusals, and one wait for all who ask.
import t from 'tap'
import { createGovernor } from '../../src/broker/governor.ts'
import { manualClock } from '../fixtures/clocks.ts'

const begin = () => {
  const clock = manualClock(0)
  return { clock, governor: createGovernor({ clock, waitSeconds: 120 }) }
}

t.test('one opening, and one wait that does not begin anew, until somebody answers', async t => {
  const { clock, governor } = begin()
  t.ok(governor.mayOpen('dev'))
  t.equal(governor.patience('dev'), 120_000)
  governor.asked('dev')
  t.notOk(governor.mayOpen('dev'))
  clock.advance(50_000)
  governor.asked('dev')
  t.equal(governor.patience('dev'), 70_000)
  clock.advance(100_000)
  t.equal(governor.patience('dev'), 0)
  governor.unanswered('dev')
  t.notOk(governor.mayOpen('dev'), 'an end without an answer opens no other')
  t.equal(governor.patience('dev'), 0)
  t.ok(governor.mayOpen('other'), 'each profile by itself')
  governor.acknowledged('dev')
  t.ok(governor.mayOpen('dev'))
  t.equal(governor.patience('dev'), 120_000)
})

t.test('whoever refuses is asked once more, and after the second time not again', async t => {
  const { governor } = begin()
  governor.asked('dev')
  governor.declined('dev')
  t.ok(governor.mayOpen('dev'))
  t.equal(governor.patience('dev'), 120_000)
  governor.asked('dev')
  governor.declined('dev')
  t.notOk(governor.mayOpen('dev'))
  t.equal(governor.patience('dev'), 0)
  governor.unanswered('dev')
  t.notOk(governor.mayOpen('dev'))
  governor.acknowledged('dev')
  t.ok(governor.mayOpen('dev'))
})
