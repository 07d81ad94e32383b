// `hallpass try` as a newcomer meets it: one command, one sign-in in a real browser, FHIR and DICOM by curl.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { launchBrowser, signInAt } from '../harness/browser.ts'
import { createHome, hallpass, recordingBrowser, startDaemon } from '../harness/hallpass.ts'

function curl(args: string[]): Promise<{ code: number | null; stdout: Buffer; stderr: string }> {
  const child = spawn('curl', ['-sS', '-i', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const parts: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout: Buffer.concat(parts), stderr }))
  })
}

/** Status and body of what `curl -i` printed, interim answers left out. */
function answerOf(output: Buffer): { status: number; head: string; body: Buffer } {
  const end = output.indexOf('\r\n\r\n')
  const head = output.subarray(0, end).toString('latin1')
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1])
  return status < 200 ? answerOf(output.subarray(end + 4)) : { status, head, body: output.subarray(end + 4) }
}

t.test('one command, one sign-in, then FHIR and DICOM', async t => {
  const home = createHome()
  const recorder = recordingBrowser(home)
  const daemon = await startDaemon(home, ['try', '--port', '0'], { env: recorder.env })
  const browser = await launchBrowser()
  t.teardown(async () => {
    await browser.close()
    await daemon.stop()
    home.remove()
  })

  await t.test('the ready line and quoted curl lines are printed', async t => {
    t.match(daemon.stdout(), `curl '${daemon.url}/fhir/Patient?_count=2'`)
    t.match(daemon.stdout(), `curl '${daemon.url}/dicom/studies?limit=2'`)
    t.match(daemon.stdout(), `Ready: ${daemon.url}\n`)
  })

  await t.test('curl as the very first request waits; the sign-in in Chromium completes it', async t => {
    const waiting = curl([`${daemon.url}/fhir/Patient?_count=2`])
    const [, link = ''] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
    const opened = await recorder.opening()
    t.equal(recorder.opened().length, 1, 'one tab was opened')
    t.match(opened, new RegExp(`^${daemon.url}/-/sign-in/once/[\\w-]{43}$`), 'by a link that says nothing')
    t.notMatch(opened, link)
    const page = await signInAt(browser, opened)
    t.match(await page.textContent('h1'), 'You are signed in')
    t.notMatch(page.url(), /code=|state=/, 'the code is not in the address bar')
    const answer = answerOf((await waiting).stdout)
    t.equal(answer.status, 200)
    const bundle = JSON.parse(answer.body.toString()) as { resourceType: string; entry: unknown[] }
    t.match(bundle, { resourceType: 'Bundle' })
    t.equal(bundle.entry.length, 2)
  })

  await t.test('curl for DICOM then answers without another sign-in, with a token of its own audience', async t => {
    const answer = answerOf((await curl([`${daemon.url}/dicom/studies`])).stdout)
    t.equal(answer.status, 200)
    t.ok((JSON.parse(answer.body.toString()) as unknown[]).length > 0)
    t.equal(recorder.opened().length, 1)
    const { stdout } = await hallpass(home, ['token', 'dicom'])
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString()) as { aud: string; scp: string }
    t.match(claims, { aud: 'https://dicom.healthcareapis.azure.com', scp: 'Dicom.ReadWrite' })
  })

  await t.test('a generated file goes up by STOW and comes back by WADO byte for byte', async t => {
    const source = await firstInstance(daemon.url)
    const file = withNewInstance(source)
    const path = join(home.path, 'new.dcm')
    writeFileSync(path, file.bytes)
    const stored = answerOf(
      (
        await curl([
          '-X',
          'POST',
          '-H',
          'Content-Type: application/dicom',
          '-H',
          'Accept: application/dicom+json',
          '--data-binary',
          `@${path}`,
          `${daemon.url}/dicom/studies`,
        ])
      ).stdout,
    )
    t.equal(stored.status, 200, stored.body.toString().slice(0, 300))
    const back = join(home.path, 'back.dcm')
    const got = await curl([
      '-o',
      back,
      '-H',
      'Accept: application/dicom; transfer-syntax=*',
      `${daemon.url}/dicom/studies/${source.study}/series/${source.series}/instances/${file.uid}`,
    ])
    t.equal(got.code, 0)
    const returned = readFileSync(back)
    const bytes = returned.subarray(returned.indexOf('\r\n\r\n') + 4)
    t.equal(sha256(bytes), sha256(file.bytes))
  })

  await t.test('status says what runs and who is signed in; json is versioned', async t => {
    const text = await hallpass(home, ['status'])
    t.equal(text.code, 0)
    t.match(text.stdout, /signed in as ada@sandbox\.example/)
    t.match(text.stdout, /memory/)
    const report = JSON.parse((await hallpass(home, ['status', '--output', 'json'])).stdout) as object
    t.match(report, { version: 1, url: daemon.url, profiles: [{ signedIn: true }], routes: [{ prefix: '/fhir' }, { prefix: '/dicom' }] })
  })

  await t.test('logout forgets: the next caller that will not wait is told to sign in', async t => {
    t.equal((await hallpass(home, ['logout'])).code, 0)
    const answer = answerOf((await curl(['-H', 'Hallpass-Interactive: never', `${daemon.url}/fhir/Patient`])).stdout)
    t.equal(answer.status, 401)
    t.match(answer.head, /Hallpass-Error: sign-in-required/i)
    t.match(answer.head, /WWW-Authenticate: Bearer realm="hallpass", sign_in_uri="http/i)
    t.match(JSON.parse(answer.body.toString()), { resourceType: 'OperationOutcome', issue: [{ code: 'login' }] })
    const token = await hallpass(home, ['token'])
    t.equal(token.code, 4)
    t.match(token.stderr, /Nobody is signed in/)
  })

  await t.test('stop ends it; then nothing runs', async t => {
    t.equal((await hallpass(home, ['stop'])).code, 0)
    const { code, stderr } = await daemon.ended
    t.equal(code, 0, stderr)
    const after = await hallpass(home, ['status'])
    t.equal(after.code, 3)
    t.match(after.stderr, /No hallpass daemon is running/)
  })
})

type Instance = { study: string; series: string; uid: string; bytes: Buffer }

/** The first instance of the phantom, as WADO gives it. */
async function firstInstance(url: string): Promise<Instance> {
  const [found] = (await (await fetch(`${url}/dicom/instances?limit=1`)).json()) as Record<string, { Value: string[] }>[]
  const value = (tag: string) => found?.[tag]?.Value[0] ?? ''
  const [study, series, uid] = [value('0020000D'), value('0020000E'), value('00080018')]
  const response = await fetch(`${url}/dicom/studies/${study}/series/${series}/instances/${uid}`, {
    headers: { accept: 'application/dicom; transfer-syntax=*' },
  })
  return { study, series, uid, bytes: Buffer.from(await response.arrayBuffer()) }
}

/** The same image as a new instance: every place that holds its UID gets another one of the same length. */
function withNewInstance({ uid, bytes }: Instance): { uid: string; bytes: Buffer } {
  const digits = [...randomBytes(6)].map(byte => byte % 10).join('')
  const fresh = `${uid.slice(0, -6)}${digits}`
  return { uid: fresh, bytes: Buffer.from(bytes.toString('latin1').replaceAll(uid, fresh), 'latin1') }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
