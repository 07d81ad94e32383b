// Makes the files of a CT study of a phantom: a torso of ellipses in two series, for want of a person.
import dcmjs from 'dcmjs'
import { seededRandom } from '../random.ts'
import { explicitLittleEndian } from './part10.ts'
import { ctImageStorage, instanceUid, phantomPatient, phantomStudy, seriesUid, studyUid, uidOf } from './phantom-identity.ts'

const { DicomDict, DicomMetaDictionary } = dcmjs.data

/** Rows and columns of a slice, and millimetres between the centres of its pixels. */
const size = 128
const spacing = 3
const sliceThickness = 5

/** Centre and half axes in millimetres, and how dense what lies within is, in Hounsfield units. Later ones lie over earlier ones. */
type Ellipse = { x: number; y: number; a: number; b: number; density: number }

/** The part 10 files of all series, in the order of their numbers; the same for the same seed. */
export function phantomFiles(seed: number): Buffer[] {
  const random = seededRandom(seed)
  // One row of noise for all slices, each of which begins elsewhere in it.
  const noise = Float32Array.from({ length: size * size + 97 * 100 }, () => random() * 2 - 1)
  return phantomStudy.series.flatMap(series => {
    const strength = series.number === 1 ? 12 : 30
    return Array.from({ length: series.instances }, (_, index) => {
      const pixels = slicePixels(index / (series.instances - 1), strength, noise.subarray(index * 97))
      return writeFile(dataset(seed, series, index + 1, pixels), seed)
    })
  })
}

/** @param height - 0 at the neck, 1 at the hips. */
function ellipses(height: number): Ellipse[] {
  const lung = Math.sqrt(Math.max(0, 1 - ((height - 0.3) / 0.32) ** 2))
  const liver = Math.sqrt(Math.max(0, 1 - ((height - 0.75) / 0.22) ** 2))
  const heart = Math.sqrt(Math.max(0, 1 - ((height - 0.42) / 0.15) ** 2))
  return [
    { x: 0, y: 0, a: 165, b: 115, density: -100 }, // fat
    { x: 0, y: 0, a: 152, b: 102, density: 45 }, // muscle
    { x: -72, y: -8, a: 56 * lung, b: 76 * lung, density: -820 },
    { x: 72, y: -8, a: 56 * lung, b: 76 * lung, density: -820 },
    { x: 20, y: -28, a: 46 * heart, b: 40 * heart, density: 55 },
    { x: -52, y: -14, a: 88 * liver, b: 66 * liver, density: 65 },
    { x: 0, y: 74, a: 22, b: 20, density: 700 }, // vertebra, and in it the canal
    { x: 0, y: 82, a: 8, b: 7, density: 25 },
    { x: -14, y: 46, a: 11, b: 11, density: 160 }, // aorta
  ]
}

/**
 * Stored values are Hounsfield units plus 1024.
 * @param strength - Hounsfield units that the noise, -1 to 1 a pixel, is worth.
 */
function slicePixels(height: number, strength: number, noise: Float32Array): Uint16Array {
  const densities = new Int16Array(size * size).fill(-1000)
  for (const ellipse of ellipses(height)) if (ellipse.a > 0) paint(densities, ellipse)
  const pixels = new Uint16Array(densities.length)
  for (let index = 0; index < pixels.length; index++)
    pixels[index] = Math.max(0, (densities[index] ?? 0) + 1024 + Math.round(strength * (noise[index] ?? 0)))
  return pixels
}

/** Fills, row by row, the pixels whose centres lie within the ellipse. */
function paint(densities: Int16Array, { x, y, a, b, density }: Ellipse): void {
  const middle = (size - 1) / 2
  for (let row = Math.ceil(middle + (y - b) / spacing); row <= middle + (y + b) / spacing; row++) {
    const reach = a * Math.sqrt(1 - (((row - middle) * spacing - y) / b) ** 2)
    const first = Math.ceil(middle + (x - reach) / spacing)
    const last = Math.floor(middle + (x + reach) / spacing)
    densities.fill(density, row * size + first, row * size + last + 1)
  }
}

type Series = (typeof phantomStudy.series)[number]

function dataset(seed: number, series: Series, number: number, pixels: Uint16Array): object {
  const [date = '', time = ''] = phantomStudy.started.split('T').map(part => part.replace(/[-:]/g, ''))
  const position = -(number - 1) * sliceThickness
  return {
    ...{
      SpecificCharacterSet: 'ISO_IR 192',
      ImageType: ['DERIVED', 'PRIMARY', 'AXIAL'],
      SOPClassUID: ctImageStorage,
      Manufacturer: 'hallpass',
    },
    ...{ SOPInstanceUID: instanceUid(seed, series.number, number), StudyDate: date, SeriesDate: date, ContentDate: date, StudyTime: time },
    ...{
      ContentTime: time,
      AccessionNumber: phantomStudy.accessionNumber,
      Modality: phantomStudy.modality,
      ReferringPhysicianName: 'Example^Alpha',
    },
    ...{ StudyDescription: phantomStudy.description, SeriesDescription: series.description, ManufacturerModelName: 'Synthetic phantom' },
    ...{ PatientName: `${phantomPatient.family}^${phantomPatient.given}`, PatientID: phantomPatient.number, PatientSex: 'O' },
    ...{ PatientBirthDate: phantomPatient.birthDate.replaceAll('-', ''), PatientComments: 'Generated test data: no person' },
    ...{ SliceThickness: String(sliceThickness), KVP: '120', PatientPosition: 'HFS', StudyInstanceUID: studyUid(seed), StudyID: '1' },
    ...{ SeriesInstanceUID: seriesUid(seed, series.number), SeriesNumber: String(series.number), AcquisitionNumber: '1' },
    ...{
      InstanceNumber: String(number),
      ImagePositionPatient: [String(origin), String(origin), String(position)],
      SliceLocation: String(position),
    },
    ...{ ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'], FrameOfReferenceUID: uidOf(seed, 'frame of reference') },
    ...{ PositionReferenceIndicator: '', SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', Rows: size, Columns: size },
    ...{ PixelSpacing: [String(spacing), String(spacing)], BitsAllocated: 16, BitsStored: 12, HighBit: 11, PixelRepresentation: 0 },
    ...{
      BurnedInAnnotation: 'NO',
      WindowCenter: '40',
      WindowWidth: '400',
      RescaleIntercept: '-1024',
      RescaleSlope: '1',
      RescaleType: 'HU',
    },
    ...{ PixelData: pixels.buffer, _vrMap: { PixelData: 'OW' } },
  }
}

/** Where the first pixel's centre lies from the middle, in millimetres. */
const origin = (-(size - 1) / 2) * spacing

function writeFile(naturalized: object, seed: number): Buffer {
  const dict = DicomMetaDictionary.denaturalizeDataset(naturalized)
  const file = new DicomDict({
    '00020002': { vr: 'UI', Value: [ctImageStorage] },
    '00020003': dict['00080018'] ?? { vr: 'UI' },
    '00020010': { vr: 'UI', Value: [explicitLittleEndian] },
    '00020012': { vr: 'UI', Value: [uidOf(seed, 'implementation')] },
    '00020013': { vr: 'SH', Value: ['HALLPASS'] },
  })
  file.dict = dict
  return Buffer.from(file.write())
}
