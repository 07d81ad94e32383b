// The sandbox as it ships: one file that the build makes, without what it was made of.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { createInterface } from 'node:readline'
import { test } from 'tap'

const bundle = 'dist/src/sandbox/sandbox.bundle.js'

test('the bundle imports fastify and modules of Node, nothing else, and brings the licences of its parts', t => {
  const imported = [...readFileSync(bundle, 'utf8').matchAll(/\b(?:from|import|require) ?\(?"([\w@:./-]+)"/g)].map(([, name = '']) => name)
  const foreign = imported.filter(name => !name.startsWith('node:') && !builtinModules.includes(name))
  t.same([...new Set(foreign)], ['fastify'])
  const notices = readFileSync(`${bundle}.LICENSES.txt`, 'utf8')
  for (const name of ['@medplum/core', '@medplum/fhir-router', 'dcmjs', 'pako', 'graphql', 'jose']) t.match(notices, `\n${name} `, name)
  t.match(notices, /Apache License\s+Version 2\.0/)
  t.end()
})

test('the bundle runs all three services in less than 200 MB', async t => {
  const child = spawn(process.execPath, [bundle, '--until-stdin-ends'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const { identity, fhir, dicom } = JSON.parse(line)
  t.equal((await fetch(`${fhir.url}/metadata`)).status, 200)
  t.equal((await fetch(`${dicom.url}/studies`)).status, 401)
  t.equal((await fetch(`${identity.url}/${identity.tenantId}/v2.0/.well-known/openid-configuration`)).status, 200)
  if (process.platform === 'linux') {
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1])
    t.ok(kilobytes < 200 * 1024, `${kilobytes} kB`)
  }
  child.stdin.end()
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
})
