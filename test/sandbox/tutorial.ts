// The commands of "Use DICOMweb Standard APIs with cURL" (Microsoft Learn), with the real curl and the page's UIDs.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { Dataset } from '../../src/sandbox/dicom/dicom-json.ts'
import { dicomFile } from './dicom-files.ts'

const study = '1.2.826.0.1.3680043.8.498.13230779778012324449356534479549187420'
const series = '1.2.826.0.1.3680043.8.498.45787841905473114233124723359129632652'
const otherSeries = '1.2.826.0.1.3680043.8.498.77033797676425927098669402985243398207'
const triangle = '1.2.826.0.1.3680043.8.498.47359123102728459884412887463296905395'
export const tutorialFiles = {
  'red-triangle': { study, series, instance: triangle },
  'green-square': { study, series, instance: '1.2.826.0.1.3680043.8.498.12714725698140337137334606354172323212' },
  'blue-circle': { study, series: otherSeries, instance: '1.2.826.0.1.3680043.8.498.13273713909719068980354078852867170114' },
}

/** A folder with the page's three files, made up anew, and curl in it; what it says, and with which status it was answered. */
function curlIn(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-tutorial-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [name, uids] of Object.entries(tutorialFiles)) writeFileSync(join(folder, `${name}.dcm`), dicomFile(uids))
  const curl = async (...args: string[]): Promise<{ status: number; body: string }> => {
    const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--write-out', '\n%{http_code}', ...args], {
      cwd: folder,
    })
    const end = stdout.lastIndexOf('\n')
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) }
  }
  return { folder, curl }
}

/**
 * Runs every command, in the page's order.
 * @param url - Of the DICOMweb service with its version, or what stands for it.
 * @param bearer - curl's arguments that send the token; none where somebody else adds it.
 */
export async function followTutorial(t: Test, url: string, bearer: readonly string[]): Promise<void> {
  const { folder, curl } = curlIn(t)
  const json = ['--header', 'Accept: application/dicom+json', ...bearer]
  const related = ['--header', 'Content-Type: multipart/related; type="application/dicom"']
  const single = ['--header', 'Content-Type: application/dicom', '--data-binary']
  const form = (name: string) => ['--form', `file1=@${folder}/${name}.dcm;type=application/dicom`]
  const asStored = [
    '--header',
    'Accept: multipart/related; type="application/dicom"; transfer-syntax=*',
    ...bearer,
    '--output',
    'suppressWarnings.txt',
  ]
  const output = () => readFileSync(join(folder, 'suppressWarnings.txt'))
  const instanceUrl = `${url}/studies/${study}/series/${series}/instances/${triangle}`

  await t.test('upload', async t => {
    for (const method of ['POST', 'PUT']) {
      const commands: [string, string[]][] = [
        [
          'multipart',
          ['--location', '--request', method, `${url}/studies`, ...json, ...related, ...form('red-triangle'), '--trace-ascii', 'trace.txt'],
        ],
        ['into a study', ['--request', method, `${url}/studies/${study}`, ...json, ...related, ...form('blue-circle')]],
        ['a single file', ['--location', '--request', method, `${url}/studies`, ...json, ...single, `@${folder}/green-square.dcm`]],
      ]
      for (const [name, args] of commands) {
        const { status, body } = await curl(...args)
        t.equal(status, 200, `${method} ${name}`)
        t.equal(((JSON.parse(body) as Dataset)['00081199']?.Value ?? []).length, 1)
      }
    }
    t.ok(existsSync(join(folder, 'trace.txt')))
  })

  await t.test('retrieve', async t => {
    const sent = Object.keys(tutorialFiles).map(name => readFileSync(join(folder, `${name}.dcm`)))
    for (const [path, count] of [
      [`/studies/${study}`, 3],
      [`/studies/${study}/series/${series}`, 2],
    ] as const) {
      t.equal((await curl('--request', 'GET', url + path, ...asStored)).status, 200, path)
      t.equal(sent.filter(file => output().includes(file)).length, count, 'the files are in the output')
    }
    for (const [path, count] of [
      [`/studies/${study}/metadata`, 3],
      [`/studies/${study}/series/${series}/metadata`, 2],
      [`/studies/${study}/series/${series}/instances/${triangle}/metadata`, 1],
    ] as const) {
      const { status, body } = await curl('--request', 'GET', url + path, ...json)
      t.same([status, JSON.parse(body).length], [200, count], path)
    }
    const asFile = ['--header', 'Accept: application/dicom; transfer-syntax=*', ...bearer, '--output', 'suppressWarnings.txt']
    t.equal((await curl('--request', 'GET', instanceUrl, ...asFile)).status, 200)
    t.ok(output().equals(sent[0] ?? Buffer.alloc(0)), 'a single instance is the file itself')
    const octets = [
      '--header',
      'Accept: multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1',
      ...bearer,
    ]
    t.equal((await curl('--request', 'GET', `${instanceUrl}/frames/1`, ...octets, '--output', 'suppressWarnings.txt')).status, 200)
    t.ok(output().includes(Buffer.from([0, 1, 2, 3, 4, 5])))
  })

  await t.test('search', async t => {
    for (const path of [
      `/studies?StudyInstanceUID=${study}`,
      `/series?SeriesInstanceUID=${series}`,
      `/studies/${study}/series?SeriesInstanceUID=${series}`,
      `/instances?SOPInstanceUID=${triangle}`,
      `/studies/${study}/instances?SOPInstanceUID=${triangle}`,
      `/studies/${study}/series/${series}/instances?SOPInstanceUID=${triangle}`,
    ]) {
      const { status, body } = await curl('--request', 'GET', url + path, ...json)
      t.same([status, JSON.parse(body).length], [200, 1], path)
    }
  })

  await t.test('the two commands that are misprinted are told so', async t => {
    const glued = await curl('--request', 'GET', `${url}/studies${study}/series/${series}/metadata`, ...json)
    t.equal(glued.status, 404)
    t.match(glued.body, `Did you mean /v2/studies/${study}/series/${series}/metadata?`)
    // Of the last one the page lost the rest of the UID too.
    const cut = await curl('--request', 'DELETE', `${url}/studies/1.2.826.0.1.3680043.8.498`, ...bearer)
    t.same(cut, { status: 404, body: 'The specified study cannot be found.' })
  })

  await t.test('delete', async t => {
    for (const path of [
      `/studies/${study}/series/${series}/instances/${triangle}`,
      `/studies/${study}/series/${series}`,
      `/studies/${study}`,
    ]) {
      t.same(await curl('--request', 'DELETE', url + path, ...bearer), { status: 204, body: '' }, path)
      t.equal((await curl('--request', 'DELETE', url + path, ...bearer)).status, 404, 'once')
    }
  })
}
