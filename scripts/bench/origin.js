// The origin of the benchmark: answers every request with one 1.6 KB FHIR resource.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

const [folder] = process.argv.slice(2)
const body = Buffer.from(
  JSON.stringify({
    resourceType: 'Patient',
    id: 'bench',
    meta: { versionId: '1', tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST' }] },
    name: [{ family: 'Example', given: ['Bench'] }],
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(1350)}</div>` },
  }),
)
const answer = (request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'application/fhir+json; charset=utf-8', etag: 'W/"1"', 'content-length': body.length })
  response.end(body)
}
const server = folder
  ? createTlsServer({ key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) }, answer)
  : createServer(answer)
server.keepAliveTimeout = 60_000
server.listen(0, 'localhost', () => console.log(server.address().port))
