// A configuration that changes on disk takes effect while the daemon runs; a bad one changes nothing.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { freePort } from '../fixtures/free-port.ts'
import { createHome, hallpass, startDaemon, writeConfig } from '../harness/hallpass.ts'
import { signInByForm } from '../harness/sign-in-form.ts'

t.test('a new route works without a restart and without another sign-in; a fault keeps the last good one', async t => {
  const sandbox = await startSandbox()
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  const config = {
    port: 0,
    vault: 'memory',
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: { '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' } },
  }
  const path = writeConfig(home, config)
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  const [, link = ''] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  await signInByForm(link)
  t.equal((await waiting).status, 200)
  t.equal((await fetch(`${daemon.url}/dicom/studies`)).status, 404)

  const dicom = { origin: sandbox.dicom.url, kind: 'dicom', audience: sandbox.dicom.audience, profile: 'dev' }
  writeFileSync(path, JSON.stringify({ ...config, port: 4000, routes: { ...config.routes, '/dicom': dicom } }))
  await daemon.printed(/The configuration changed:[\s\S]*routes\.\/dicom\.origin: .*[\s\S]*port: 0 → 4000 \(after a restart\)/)
  t.equal((await fetch(`${daemon.url}/dicom/studies`)).status, 200)

  const good = readFileSync(path, 'utf8')
  writeFileSync(path, good.replace('"routes"', '"rotes"'))
  await daemon.printed(/is not taken over: .*unknown key "rotes"/)
  t.equal((await fetch(`${daemon.url}/dicom/studies`)).status, 200, 'the last good one stays in force')
  t.equal((await fetch(`${daemon.url}/fhir/Patient?_count=1`)).status, 200)

  writeFileSync(path, JSON.stringify(config))
  await daemon.printed(/routes\.\/dicom\.origin: .* → \(none\)/)
  t.equal((await fetch(`${daemon.url}/dicom/studies`)).status, 404)
})

t.test('who may call changes with the file too', async t => {
  const sandbox = await startSandbox()
  const home = createHome({ HALLPASS_NO_USER: '1' })
  const { tenantId, clientId, url } = sandbox.identity
  const config = {
    port: 0,
    vault: 'memory',
    profiles: { dev: { tenantId, clientId, sandbox: url } },
    routes: { '/fhir': { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' } },
  }
  const path = writeConfig(home, config)
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  const ask = async (headers: Record<string, string> = {}) =>
    (await fetch(`${daemon.url}/fhir/Patient`, { headers })).headers.get('hallpass-error')
  const app = { Origin: 'http://localhost:3000' }
  t.equal(await ask(app), 'browser-refused')
  const access = { allowedOrigins: [app.Origin], key: 'required' }
  writeFileSync(path, JSON.stringify({ ...config, access }))
  await daemon.printed(/The configuration changed:[\s\S]*access\.key: auto → required/)
  t.equal(await ask(app), 'key-required')
  const key = readFileSync(`${home.path}/run/hallpass/key-${daemon.port}`, 'utf8').trim().slice('Hallpass-Key: '.length)
  t.equal(await ask({ ...app, 'Hallpass-Key': key }), 'sign-in-required')
})

t.test('a logout after the change cuts what began before it', async t => {
  const sandbox = await startSandbox()
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  const fhir = { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' }
  const config = { port: 0, vault: 'memory', profiles: { dev: { tenantId, clientId, sandbox: url } }, routes: { '/fhir': fhir } }
  const path = writeConfig(home, config)
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    await sandbox.close()
    home.remove()
  })
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  const [, link = ''] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  await signInByForm(link)
  t.equal((await waiting).status, 200)

  const headers = { 'Content-Type': 'application/fhir+json', Expect: '100-continue' }
  const upload = request(`${daemon.url}/fhir/Patient`, { method: 'POST', headers })
  const end = new Promise(resolve => {
    upload.once('response', response => resolve(response.resume().headers['hallpass-error']))
    upload.once('error', () => resolve('cut'))
  })
  upload.flushHeaders()
  await once(upload, 'continue')
  upload.write('{"resourceType":')
  writeFileSync(path, JSON.stringify({ ...config, routes: { '/fhir': fhir, '/again': fhir } }))
  await daemon.printed(/The configuration changed:/)
  t.equal((await hallpass(home, ['logout'])).code, 0)
  const late = setTimeout(() => upload.destroy(new Error('nobody cut it')), 5_000)
  upload.once('error', error => t.not(error.message, 'nobody cut it'))
  t.match(await end, /^(?:signed-out|cut)$/)
  clearTimeout(late)
  upload.destroy()
})

t.test('a sign-in that is being begun at the change leaves its redirect port to the next', async t => {
  const redirectUri = `http://localhost:${await freePort()}/signed-in`
  const sandbox = await startSandbox({ redirectUris: [redirectUri] })
  // Asked whether it would take the sign-in, it answers when the test says so.
  const slow = createServer().listen(0, '127.0.0.1')
  await once(slow, 'listening')
  const home = createHome()
  const { tenantId, clientId, url } = sandbox.identity
  const fhir = { origin: sandbox.fhir.url, kind: 'fhir', audience: sandbox.fhir.audience, profile: 'dev' }
  const configWith = (authority: string) => ({
    port: 0,
    vault: 'memory',
    profiles: { dev: { tenantId, clientId, sandbox: authority, redirectUri } },
    routes: { '/fhir': fhir },
  })
  const path = writeConfig(home, configWith(`http://127.0.0.1:${(slow.address() as AddressInfo).port}`))
  const daemon = await startDaemon(home, ['start'])
  t.teardown(async () => {
    await daemon.stop()
    slow.close().closeAllConnections()
    await sandbox.close()
    home.remove()
  })
  const waiting = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  const [, answer] = (await once(slow, 'request')) as [unknown, ServerResponse]
  writeFileSync(path, JSON.stringify(configWith(url)))
  await daemon.printed(/The configuration changed:/)
  answer.end()
  t.equal((await waiting).headers.get('hallpass-error'), 'config-replaced')
  await t.rejects(fetch(redirectUri), 'nobody has opened it')
  const next = fetch(`${daemon.url}/fhir/Patient?_count=1`)
  const [, link = ''] = await daemon.printed(/(http:\/\/localhost:\d+\/-\/sign-in\/\S+)/)
  await signInByForm(link)
  t.equal((await next).status, 200)
})
