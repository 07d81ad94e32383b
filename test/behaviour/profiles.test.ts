// Several profiles side by side, and addresses other than our own: each sign-in is its own, and our links lead on wherever one comes from.
import { request } from 'node:http'
import t from 'tap'
import { startBoth } from '../harness/composed.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.test('two profiles sign in at the same time, as two people; signing one out leaves the other', async t => {
  const both = await startBoth(t, { dicomProfile: 'other' })
  const [fhir, dicom] = [fetch(`${both.daemon.url}/fhir/Patient?_count=1`), fetch(`${both.daemon.url}/dicom/studies`)]
  await both.opening(2)
  t.equal(both.opened.length, 2, 'one browser opening for each')
  const { profiles } = await both.control.status()
  const linkOf = (name: string) => profiles.find(({ profile }) => profile === name)?.signInLink ?? ''
  await Promise.all([signInByForm(linkOf('dev')), signInByForm(linkOf('other'), 'ben@sandbox.example')])
  t.strictSame([(await fhir).status, (await dicom).status], [200, 200])
  t.match((await both.control.status()).profiles, [
    { profile: 'dev', username: 'ada@sandbox.example' },
    { profile: 'other', username: 'ben@sandbox.example' },
  ])
  await both.control.logout({ profile: 'dev' })
  t.equal((await fetch(`${both.daemon.url}/dicom/studies`)).status, 200)
  const gone = await fetch(`${both.daemon.url}/fhir/Patient`, { headers: { 'Hallpass-Interactive': 'never' } })
  t.equal(gone.status, 401)
})

t.test(
  'over a tunnel (`ssh -L 8080:localhost:3447`) our pages lead on to themselves, and to the redirect URI as it is registered',
  async t => {
    const both = await startBoth(t)
    const through = (path: string, method = 'GET', body = '') => exchange(both.daemon.port, path, method, body)
    const form = await through('/-/sign-in')
    t.match(form.text, /action="\/-\/sign-in"/)
    const started = await through('/-/sign-in', 'POST', 'profile=dev')
    t.equal(started.status, 303)
    t.equal(new URL(started.location).searchParams.get('redirect_uri'), `http://localhost:${both.daemon.port}/-/callback`)
    const { link } = (await both.control.login({ open: false })) as { link: string }
    await signInByForm(link)
    const ended = await through(new URL(link).pathname)
    t.match(ended.text, /You are signed in/)
    const state = new URL(started.location).searchParams.get('state')
    const again = await through('/-/callback', 'POST', `state=${state}&code=x`)
    t.match(again.location, /^\/-\/sign-in\//, 'a path: whatever port the tab came by, it stays there')
  },
)

/** A request as a browser sends it at the near end of a tunnel from port 8080. */
function exchange(port: number, path: string, method: string, body: string): Promise<{ status: number; location: string; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'localhost:8080', 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length }
    request({ host: '127.0.0.1', port, path, method, headers }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', text }))
    })
      .once('error', reject)
      .end(body)
  })
}
