// A FHIR service over https that answers every request with one searchset of 1.3 MB, a thousand of its own URLs in it; gzip on demand.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { gzipSync } from 'node:zlib'

const [folder] = process.argv.slice(2)
const keys = { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) }
const server = createServer(keys, (request, response) => {
  const compressed = request.headers['accept-encoding'] === 'gzip'
  const body = compressed ? gzipped : plain
  response.writeHead(200, {
    'Content-Type': 'application/fhir+json; charset=utf-8',
    'Content-Length': body.length,
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  })
  response.end(body)
})
let plain
let gzipped
server.listen(0, 'localhost', () => {
  const { port } = server.address()
  const base = `https://localhost:${port}`
  plain = Buffer.from(
    JSON.stringify({ resourceType: 'Bundle', type: 'searchset', entry: Array.from({ length: 1000 }, (_, n) => entryOf(base, n)) }),
  )
  gzipped = gzipSync(plain)
  process.stderr.write(`a searchset of ${plain.length} bytes, ${gzipped.length} compressed\n`)
  process.stdout.write(`${port}\n`)
})

function entryOf(base, number) {
  const code = { coding: [{ system: 'http://loinc.org', code: `${8000 + number}-1`, display: 'Heart rate' }], text: 'Heart rate' }
  return {
    fullUrl: `${base}/Observation/observation-${number}`,
    resource: {
      ...{
        resourceType: 'Observation',
        id: `observation-${number}`,
        status: 'final',
        code,
        subject: { reference: `Patient/patient-${number}` },
      },
      meta: { versionId: '1', lastUpdated: '2026-01-02T03:04:05.678Z', profile: ['http://hl7.org/fhir/StructureDefinition/vitalsigns'] },
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'Heart rate, measured at rest. '.repeat(14)}</div>` },
      valueQuantity: { value: 60 + (number % 40), unit: 'beats/minute', system: 'http://unitsofmeasure.org', code: '/min' },
      component: [{ code, valueQuantity: { value: number } }],
    },
    search: { mode: 'match' },
  }
}
