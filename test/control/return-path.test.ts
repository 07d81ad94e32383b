// After a sign-in a person goes on below a route, or nowhere: no form of anybody's makes a redirector of us.
import t from 'tap'
import { returnPath } from '../../src/control/return-path.ts'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

const routes = [{ prefix: '/fhir' }, { prefix: '/deep/dicom' }]

t.test('a path below a route is one to go on to', async t => {
  for (const path of ['/fhir', '/fhir/', '/fhir/Patient/1?_count=2', '/fhir?_type=Patient', '/deep/dicom/studies'])
    t.equal(returnPath(path, routes), path)
})

t.test('nothing else is', async t => {
  const others = `https://evil.example/fhir | //evil.example/fhir | /\\evil.example | \\fhir | /fhir\\..\\x | /fhir/\\evil | fhir | fhir/Patient | / | /-/sign-in |
    /fhirs | /fhir.evil | /fhir@evil.example | /fhir#x | /deep | /deep/dicoms | /FHIR/Patient | /fhir/a b | /fhir/\u00e9 | /fhir/\u0001 |
    javascript:alert(1) | ?/fhir | .. | /../fhir`
  const edges = ['', ' /fhir', '/fhir ', '/fhir\n', '/fhir/\n', '\n/fhir', 'x/fhir', '\u0000/fhir']
  for (const path of [...others.split('|').map(line => line.trim()), ...edges])
    t.equal(returnPath(path, routes), undefined, JSON.stringify(path))
  t.equal(returnPath(null, routes), undefined)
})

t.test('a sign-in ends below the route that its form named, and on no other site', async t => {
  const { daemon } = await startBoth(t)
  const landed = async (returnTo: string) => {
    const body = new URLSearchParams({ profile: 'dev', return_to: returnTo })
    const began = await fetch(`${daemon.url}/-/sign-in`, { method: 'POST', body, redirect: 'manual' })
    t.equal(began.status, 303)
    return (await signInByForm(began.headers.get('location') ?? '')).html
  }
  t.match(await landed('/fhir/Patient'), '<meta http-equiv="refresh" content="0; url=/fhir/Patient">')
  const elsewhere = await landed('https://evil.example/fhir')
  t.match(elsewhere, 'You can close this tab')
  t.notMatch(elsewhere, /refresh|evil/)
})
