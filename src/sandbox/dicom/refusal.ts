// What the DICOM service throws to refuse a request; it is answered in plain text, as the Azure service does.

export class Refusal extends Error {
  readonly status: number

  /** @param text - The body of the answer, in the Azure service's words where its source has them. */
  constructor(status: number, text: string) {
    super(text)
    this.status = status
  }
}

/** The refusal that an error of ours or of fastify's amounts to; 500 without details for any other. */
export function refusalFrom(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { statusCode, message } = (error ?? {}) as { statusCode?: number; message?: string }
  if (statusCode !== undefined && statusCode < 500) return new Refusal(statusCode, message ?? 'The request is malformed.')
  return new Refusal(500, 'The server encountered an internal error. Please retry the request.')
}
