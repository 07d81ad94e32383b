// DICOM files and multipart bodies for tests.
import dcmjs, { type Dict } from 'dcmjs'

const { DicomDict } = dcmjs.data

export const explicitLittleEndian = '1.2.840.10008.1.2.1'
export const implicitLittleEndian = '1.2.840.10008.1.2'

/** A small image; elements by tag add to it, or take away when they are undefined. */
export function dicomFile(
  uids: { study: string; series: string; instance: string },
  elements: Record<string, Dict[string] | undefined> = {},
  transferSyntax = explicitLittleEndian,
): Buffer {
  const file = new DicomDict({ '00020010': { vr: 'UI', Value: [transferSyntax] } })
  const all: Record<string, Dict[string] | undefined> = {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] },
    '00080018': { vr: 'UI', Value: [uids.instance] },
    '00080020': { vr: 'DA', Value: ['20240229'] },
    '00080050': { vr: 'SH', Value: [] },
    '00080060': { vr: 'CS', Value: ['OT'] },
    '00081030': { vr: 'LO', Value: ['A test (of parts.)'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Zoë', Ideographic: '例^例' }] },
    '00100020': { vr: 'LO', Value: ['HTEST-0001'] },
    '0020000D': { vr: 'UI', Value: [uids.study] },
    '0020000E': { vr: 'UI', Value: [uids.series] },
    '00280002': { vr: 'US', Value: [1] },
    '00280008': { vr: 'IS', Value: [2] },
    '00280009': { vr: 'AT', Value: [0x00181063] },
    '00280010': { vr: 'US', Value: [2] },
    '00280011': { vr: 'US', Value: [3] },
    '00280100': { vr: 'US', Value: [8] },
    '00400275': { vr: 'SQ', Value: [{ '00400007': { vr: 'LO', Value: ['Nested'] } }] },
    '00091001': { vr: 'UN', Value: [Uint8Array.of(1, 2).buffer] },
    '7FE00010': { vr: 'OB', Value: [Uint8Array.from({ length: 12 }, (_, index) => index).buffer] },
    ...elements,
  }
  file.dict = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, Dict[string]] => entry[1] !== undefined))
  return Buffer.from(file.write({ allowInvalidVRLength: true }))
}

export const multipartType = 'multipart/related; type="application/dicom"; boundary="a border"'

/** @param fields - Header fields of each part. */
export function multipartBody(files: Uint8Array[], fields = 'Content-Type: application/dicom\r\n'): Buffer {
  const parts = files.flatMap(file => [Buffer.from(`--a border\r\n${fields}\r\n`), file, Buffer.from('\r\n')])
  return Buffer.concat([...parts, Buffer.from('--a border--\r\n')])
}

/** The parts of a multipart response. */
export async function partsOf(response: Response): Promise<{ fields: string; body: Buffer }[]> {
  const boundary = /boundary="([^"]+)"/.exec(response.headers.get('content-type') ?? '')?.[1]
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
  const parts = text.split(`--${boundary}`).slice(1, -1)
  return parts.map(part => {
    const end = part.indexOf('\r\n\r\n')
    return { fields: part.slice(2, end), body: Buffer.from(part.slice(end + 4, -2), 'latin1') }
  })
}
