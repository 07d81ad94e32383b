// Rendered frames: what dcmtk makes of the same files, and of our JPEGs.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dict } from 'dcmjs'
import { type Test, test } from 'tap'
import { phantomFiles } from '../../src/sandbox/dicom/phantom.ts'
import { instanceUid, seriesUid, studyUid } from '../../src/sandbox/dicom/phantom-identity.ts'
import { dicomFile, implicitLittleEndian } from './dicom-files.ts'
import { pathOf, start, store, uids } from './dicom-requests.ts'
import { differenceOf, type Picture, readPng, readPnm } from './pictures.ts'
import type { Client } from './service-client.ts'

const phantom = { study: studyUid(1), series: seriesUid(1, 1), instance: instanceUid(1, 1, 1) }

async function picture(client: Client, path: string, accept: string): Promise<Buffer> {
  const response = await client.ask(path, { headers: { accept } })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return Buffer.from(await response.arrayBuffer())
}

/** A folder of the test's own, and dcmtk in it. */
function dcmtkIn(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-rendered-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const run = (program: string, ...args: string[]) => {
    try {
      return execFileSync(program, args, { cwd: folder, stdio: 'pipe' })
    } catch (error) {
      throw new Error(`${program} of dcmtk failed or is missing: apt-get install -y --no-install-recommends dcmtk`, { cause: error })
    }
  }
  return {
    /** A file's first frame in its first window, or from its darkest to its brightest pixel. */
    draw: (file: Buffer, windowed: boolean): Picture => {
      writeFileSync(join(folder, 'a.dcm'), file)
      run('dcmj2pnm', ...(windowed ? ['+Wi', '1'] : ['+Wm']), 'a.dcm', 'a.pnm')
      return readPnm(readFileSync(join(folder, 'a.pnm')))
    },
    decodeJpeg: (jpeg: Buffer): Picture => {
      writeFileSync(join(folder, 'b.jpg'), jpeg)
      run('img2dcm', 'b.jpg', 'b.dcm')
      run('dcmj2pnm', 'b.dcm', 'b.pnm')
      return readPnm(readFileSync(join(folder, 'b.pnm')))
    },
  }
}

const number = (vr: string, value: number | string): Dict[string] => ({ vr, Value: [value] })

/** A picture of 24 by 20 pixels; `words` gives the bytes of its pixels. */
function image(
  instance: string,
  bits: 8 | 16,
  bytes: Uint8Array,
  elements: Record<string, Dict[string] | undefined>,
  syntax?: string,
): Buffer {
  return dicomFile(
    { ...uids, instance },
    {
      '00280002': number('US', 1),
      '00280004': number('CS', 'MONOCHROME2'),
      '00280008': undefined,
      '00280010': number('US', 20),
      '00280011': number('US', 24),
      '00280100': number('US', bits),
      '00280101': number('US', bits),
      '00280102': number('US', bits - 1),
      '00280103': number('US', 0),
      '7FE00010': { vr: bits === 8 ? 'OB' : 'OW', Value: [new Uint8Array(bytes).buffer] },
      ...elements,
    },
    syntax,
  )
}

const pixels = 24 * 20
const bytes = (count: number) => Uint8Array.from({ length: count }, (_, index) => (index * 7 + (index >> 4)) & 255)
const words = (of: (index: number) => number) => new Uint8Array(Uint16Array.from({ length: pixels }, (_, index) => of(index)).buffer)

test('pictures are what dcmtk makes of the same files: window, rescale, sign, unused bits, MONOCHROME1, RGB', {
  timeout: 60_000,
}, async t => {
  const client = await start(t)
  const dcmtk = dcmtkIn(t)
  const window = { '00281050': number('DS', '40'), '00281051': number('DS', '300') }
  const rgb = { '00280002': number('US', 3), '00280004': number('CS', 'RGB'), '00280006': number('US', 0) }
  const cases: [string, boolean, Buffer][] = [
    ['8 bits, from darkest to brightest', false, image('2.25.1', 8, bytes(pixels), {})],
    [
      '16 bits in a window',
      true,
      image(
        '2.25.2',
        16,
        words(index => index),
        window,
      ),
    ],
    [
      'rescaled',
      true,
      image(
        '2.25.3',
        16,
        words(index => index * 4),
        { ...window, '00281052': number('DS', '-1024'), '00281053': number('DS', '2') },
      ),
    ],
    [
      'signed',
      true,
      image(
        '2.25.4',
        16,
        words(index => index * 5 - 900),
        { ...window, '00280103': number('US', 1) },
      ),
    ],
    [
      '12 signed bits beside others that mean nothing',
      true,
      image(
        '2.25.5',
        16,
        words(index => ((index * 5 - 900) & 0xfff) | 0xa000),
        {
          ...window,
          '00280101': number('US', 12),
          '00280102': number('US', 11),
          '00280103': number('US', 1),
        },
      ),
    ],
    [
      'black is high',
      true,
      image(
        '2.25.6',
        16,
        words(index => index),
        { ...window, '00280004': number('CS', 'MONOCHROME1') },
      ),
    ],
    [
      'implicit value representations',
      true,
      image(
        '2.25.7',
        16,
        words(index => index),
        window,
        implicitLittleEndian,
      ),
    ],
    ['colours pixel by pixel', false, image('2.25.8', 8, bytes(pixels * 3), rgb)],
    ['colours plane by plane', false, image('2.25.9', 8, bytes(pixels * 3), { ...rgb, '00280006': number('US', 1) })],
  ]
  for (const [name, windowed, file] of cases) {
    const instance = `2.25.${cases.findIndex(([other]) => other === name) + 1}`
    const stored = await store(client, file)
    t.equal(stored.status, name.startsWith('implicit') ? 202 : 200, name)
    const ours = readPng(await picture(client, `${pathOf({ ...uids, instance })}/rendered`, 'image/png'))
    const difference = differenceOf(ours, dcmtk.draw(file, windowed))
    t.ok(difference.largest <= 1, `${name}: ${JSON.stringify(difference)}`)
    t.ok(new Set(ours.samples).size > 20, 'and no empty picture')
  }
  const [slice = Buffer.alloc(0)] = phantomFiles(1)
  const drawn = readPng(await picture(client, `${pathOf(phantom)}/rendered`, 'image/png'))
  t.ok(differenceOf(drawn, dcmtk.draw(slice, true)).largest <= 1, 'the phantom')
})

test('JPEGs are read by dcmtk as the picture that went in, the better the higher the quality, which is 100 unless set', {
  timeout: 60_000,
}, async t => {
  const client = await start(t)
  const dcmtk = dcmtkIn(t)
  // Not a multiple of 8, so that the last blocks go on beyond the edge.
  const smooth = Uint8Array.from({ length: pixels * 3 }, (_, index) => ([(index / 3) % 24, index / 72, 20][index % 3] ?? 0) * 9)
  const colour = image('2.25.8', 8, smooth, { '00280002': number('US', 3), '00280004': number('CS', 'RGB'), '00280006': number('US', 0) })
  t.equal((await store(client, colour)).status, 200)
  for (const [path, best] of [
    [`${pathOf(phantom)}/rendered`, 1],
    [`${pathOf({ ...uids, instance: '2.25.8' })}/rendered`, 2],
  ] as const) {
    const original = readPng(await picture(client, path, 'image/png'))
    const sizes: number[] = []
    const means: number[] = []
    for (const query of ['', '?quality=75', '?quality=10', '?quality=1']) {
      const jpeg = await picture(client, path + query, 'image/jpeg')
      sizes.push(jpeg.length)
      means.push(differenceOf(dcmtk.decodeJpeg(jpeg), original).mean)
    }
    t.ok((means[0] ?? 9) < best, `at the best they differ by ${means[0]} on average`)
    t.same(
      means,
      means.toSorted((a, b) => a - b),
      `worse and worse: ${means}`,
    )
    t.same(
      sizes,
      sizes.toSorted((a, b) => b - a),
      `smaller and smaller: ${sizes}`,
    )
    t.ok((await picture(client, path, 'image/jpeg')).equals(await picture(client, `${path}?quality=100`, 'image/jpeg')))
  }
})

test('what is asked for decides the type, and what cannot be drawn is refused in plain text', async t => {
  const client = await start(t)
  const ybr = dicomFile(uids, {
    '00280002': number('US', 3),
    '00280004': number('CS', 'YBR_FULL'),
    '00280008': undefined,
    '00280011': number('US', 2),
  })
  const empty = dicomFile({ ...uids, instance: '2.25.31' }, { '7FE00010': undefined })
  const pair = dicomFile({ ...uids, instance: '2.25.32' }, { '00280004': number('CS', 'MONOCHROME2') })
  for (const file of [ybr, empty, pair]) t.equal((await store(client, file)).status, 200)
  const rendered = `${pathOf(phantom)}/rendered`
  const two = pathOf({ ...uids, instance: '2.25.32' })
  const cases: [string, string, number, string][] = [
    [rendered, 'image/png', 200, 'image/png'],
    [rendered, 'image/jpeg', 200, 'image/jpeg'],
    [rendered, 'image/gif', 406, 'text/plain'],
    [rendered, '*/*', 406, 'text/plain'],
    [rendered, 'image/png, image/jpeg', 406, 'text/plain'],
    [`${rendered}?quality=0`, 'image/jpeg', 400, 'text/plain'],
    [`${rendered}?quality=101`, 'image/png', 400, 'text/plain'],
    [`${rendered}?quality=good`, 'image/jpeg', 400, 'text/plain'],
    [`${two}/frames/2/rendered`, 'image/png', 200, 'image/png'],
    [`${two}/frames/3/rendered`, 'image/png', 404, 'text/plain'],
    [`${two}/frames/0/rendered`, 'image/png', 400, 'text/plain'],
    [`${two}/frames/1,2/rendered`, 'image/png', 400, 'text/plain'],
    [`${pathOf()}/rendered`, 'image/png', 406, 'text/plain'],
    [`${pathOf({ ...uids, instance: '2.25.31' })}/rendered`, 'image/png', 404, 'text/plain'],
    [`${pathOf({ ...uids, instance: '2.25.39' })}/rendered`, 'image/png', 404, 'text/plain'],
  ]
  for (const [path, accept, status, type] of cases) {
    const response = await client.ask(path, { headers: { accept } })
    t.same([response.status, response.headers.get('content-type')?.split(';')[0]], [status, type], `${accept} ${path}`)
    await response.arrayBuffer()
  }
  const [first, second] = [
    readPng(await picture(client, `${two}/rendered`, 'image/png')),
    readPng(await picture(client, `${two}/frames/2/rendered`, 'image/png')),
  ]
  t.same([first.samples[0], second.samples[0]], [0, 0])
  t.equal(first.width, 3)
  t.equal((await client.ask(rendered, { as: '' })).status, 401)
  const unasked = httpRequest(client.origin + rendered, { headers: { authorization: 'Bearer reader' } }).end()
  const [answer] = (await once(unasked, 'response')) as [IncomingMessage]
  t.same([answer.statusCode, answer.headers['content-type']], [200, 'image/jpeg'], 'without an Accept field')
  answer.destroy()
})
