// Answers an HTTP request with an error of ours, in the form that its client can read.
import type { ServerResponse } from 'node:http'
import type { HallpassError } from './hallpass-error.ts'
import { errorPage, type Page, pageFields, renderPage } from './page.ts'
import { renderAsOperationOutcome, renderAsProblem } from './render.ts'

/** Who asked: a program, a FHIR client, or a person in front of a browser. */
export type Reader = 'program' | 'fhir' | 'person'

/**
 * Sends the error, once; after the head is out the connection is cut, so that nobody takes half an answer for a whole one. `shared` are fields
 * that every answer to this caller carries, but for a page.
 */
export function answerError(
  response: ServerResponse,
  error: HallpassError,
  reader: Reader,
  shared: Readonly<Record<string, string>> = {},
): void {
  if (reader === 'person')
    return answerPage(response, errorPage(error), error.entry.status, { ...error.fields, 'Hallpass-Error': error.code })
  const fhir = reader === 'fhir'
  send(response, error.entry.status, fhir ? renderAsOperationOutcome(error) : renderAsProblem(error), {
    'Content-Type': fhir ? 'application/fhir+json; charset=utf-8' : 'application/problem+json',
    'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Hallpass-Error': error.code,
    ...shared,
    ...error.fields,
  })
}

/** Sends a page of ours. */
export function answerPage(response: ServerResponse, page: Page, status: number, fields: Readonly<Record<string, string>> = {}): void {
  send(response, status, renderPage(page), { ...pageFields(page), ...fields })
}

function send(response: ServerResponse, status: number, body: string, fields: Record<string, string>): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { ...fields, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
