// What a service demands and what Entra ID demands, in one request.
import t from 'tap'
import { joinClaims, usableClaims } from '../../src/identity/claims.ts'

const ofService = '{"access_token":{"acrs":{"value":"c1"}}}'
const ofEntra = '{"access_token":{"capolids":{"values":["p"]},"acrs":{"value":"c0"}},"id_token":{"x":null}}'

t.test('both demands are asked for at once; the service’s own wins where both name the same', async t => {
  t.strictSame(JSON.parse(joinClaims(ofService, ofEntra) ?? ''), {
    access_token: { capolids: { values: ['p'] }, acrs: { value: 'c1' } },
    id_token: { x: null },
  })
  t.equal(joinClaims(ofService, undefined), ofService)
  t.equal(joinClaims(undefined, ofEntra), ofEntra)
  t.equal(joinClaims(undefined, undefined), undefined)
})

t.test('what cannot be sent is left out: it would stop every sign-in', async t => {
  const long = JSON.stringify({ access_token: { x: 'x'.repeat(5000) } })
  for (const bad of ['', 'no json', '[]', 'null', '"text"', long]) {
    t.equal(usableClaims(bad), undefined)
    t.equal(joinClaims(ofService, bad), ofService)
    t.equal(joinClaims(bad, ofEntra), ofEntra)
  }
  const half = JSON.stringify({ access_token: { y: 'y'.repeat(4000) } })
  t.equal(joinClaims(half, JSON.stringify({ id_token: { z: 'z'.repeat(200) } })), half, 'and what would be too long together')
})
