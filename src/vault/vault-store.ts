// Where secrets rest: the narrow interface over one text document.

/** Keeps one text document. Every method rejects with a HallpassError (`vault-*`) when the place itself cannot be used. */
export type VaultStore = {
  readonly kind: 'keychain' | 'sealed-file' | 'memory'
  /** Names the place for people, so that it fits after "in": "the OS keychain (service hallpass, user vault)". */
  describe(): string
  /**
   * The document. Null means that the place was asked and holds none: never written, or removed, by us or by somebody else.
   * It never means locked, absent or unreadable: those reject.
   */
  read(): Promise<string | null>
  /** Replaces the whole document: afterwards the new one rests; when it rejects, the old or the new one does, never a mixture. */
  write(text: string): Promise<void>
  /** Removes the document; false when there was none. */
  remove(): Promise<boolean>
  /**
   * Moves a document that nobody can read out of the way, to a place of its own that nothing else touches, and names that place for people.
   * Afterwards there is none. Rejects, leaving it where it is, when there is none or it cannot be kept elsewhere.
   */
  setAside(): Promise<string>
  /** Proves with a canary that a document could be written now; leaves nothing. Rejects with the error that names why not and what to do. */
  probe(): Promise<void>
}
