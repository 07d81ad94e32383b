// The journal as an HTTP Archive (HAR 1.2 specification), for tools that read it. It holds what the journal holds: no headers, queries or bodies.
import { STATUS_CODES } from 'node:http'
import type { ExchangeRecord } from './record.ts'

export type HarAbout = {
  /** Of hallpass. */
  version: string
  /** Address of the daemon, such as `http://localhost:3447`. */
  url: string
}

/** A HAR document, as an object for JSON. Paths are templates: `/fhir/Patient/{id}`. */
export function harOf(records: readonly ExchangeRecord[], { version, url }: HarAbout): object {
  return {
    log: {
      version: '1.2',
      creator: { name: 'hallpass', version },
      comment: 'Paths are templates. Header fields, queries and bodies are not kept.',
      entries: records.map(record => entryOf(record, url)),
    },
  }
}

function entryOf(record: ExchangeRecord, url: string): object {
  const { time, totalMs, waitingMs, originMs, method, route, template, status, bytesIn, bytesOut } = record
  return {
    startedDateTime: new Date(time).toISOString(),
    time: totalMs,
    request: {
      method,
      url: `${url}${route}${template === '/' ? '' : template}`,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [],
      queryString: [],
      headersSize: -1,
      bodySize: bytesIn,
    },
    response: {
      status,
      statusText: STATUS_CODES[status] ?? '',
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [],
      content: { size: bytesOut, mimeType: '' },
      redirectURL: '',
      headersSize: -1,
      bodySize: bytesOut,
    },
    cache: {},
    timings: {
      blocked: waitingMs,
      dns: -1,
      connect: -1,
      ssl: -1,
      send: 0,
      wait: originMs,
      receive: Math.max(0, totalMs - waitingMs - originMs),
    },
    _hallpass: {
      id: record.id,
      interaction: record.interaction,
      profile: record.profile,
      by: record.by,
      error: record.error,
      sent: record.sent,
      droppedFields: record.droppedFields,
      ownAuthorization: record.ownAuthorization,
      otherLoopbackUrls: record.otherLoopbackUrls,
    },
  }
}
