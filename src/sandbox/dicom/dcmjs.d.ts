// The part of dcmjs that we use; the package comes without types.
declare module 'dcmjs' {
  /** `_rawValue` is what was read: a list of strings, or of a name one string. */
  export type Element = { vr: string; Value?: unknown[]; _rawValue?: unknown }
  export type Dict = Record<string, Element>

  class DicomDict {
    constructor(meta: Dict)
    meta: Dict
    dict: Dict
    write(options?: { allowInvalidVRLength?: boolean }): ArrayBuffer
  }

  type Attribute = { tag: string; vr: string; name: string; vm: string }

  const dcmjs: {
    data: {
      DicomDict: typeof DicomDict
      DicomMessage: { readFile(buffer: ArrayBuffer): DicomDict }
      DicomMetaDictionary: {
        /** By tag, such as `(0020,000D)`. */
        dictionary: Record<string, Attribute>
        /** By keyword, such as `StudyInstanceUID`. */
        nameMap: Record<string, Attribute>
        denaturalizeDataset(dataset: object): Dict
      }
    }
    log: {
      setLevel(level: 'silent'): void
      getLogger(name: string): { warn: (message: string) => void; error: (message: string) => void }
    }
  }
  export default dcmjs
}
