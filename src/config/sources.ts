// Where each value of the configuration came from, for `config show`.

/** By place (`port`, `profiles.dev.tenantId`): a flag, the name of an environment variable, `default`, or how it was derived. A value of the file is not noted. */
export type Sources = ReadonlyMap<string, string>

export type NoteSource = (path: readonly string[], source: string) => void

/** A list of sources to write into. */
export function createSources(): { sources: Sources; note: NoteSource } {
  const sources = new Map<string, string>()
  return { sources, note: (path, source) => void sources.set(path.join('.'), source) }
}
