// How routes answer: JSON, pieces of files, warnings.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { writeMultipart } from './multipart.ts'
import type { Piece } from './retrieve-transaction.ts'

export type Handle = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

export function parametersOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://localhost').searchParams
}

/** @param mediaType - `application/dicom+json`, or `application/json` for what is no DICOM. */
export function sendJson(reply: FastifyReply, value: object, mediaType = 'application/dicom+json'): FastifyReply {
  return reply.header('content-type', `${mediaType}; charset=utf-8`).send(JSON.stringify(value))
}

/** A page of search results: 204 when it is empty. */
export function sendResults(reply: FastifyReply, results: object[]): FastifyReply {
  return results.length === 0 ? reply.code(204).send() : sendJson(reply, results)
}

export function sendPiece(reply: FastifyReply, { contentType, body }: Piece): FastifyReply {
  return reply.header('content-type', contentType).send(Buffer.from(body.buffer, body.byteOffset, body.length))
}

/** @param type - The type of the parts. */
export function sendPieces(reply: FastifyReply, type: string, pieces: Piece[]): FastifyReply {
  const { contentType, body } = writeMultipart(type, pieces)
  return reply.header('content-type', contentType).send(body)
}

/** 299, a persistent warning (RFC 7234, 5.5), as the DICOM standard uses it. */
export function warn(request: FastifyRequest, reply: FastifyReply, text: string): void {
  reply.header('warning', `299 ${request.headers.host ?? '-'} "${text}"`)
}
