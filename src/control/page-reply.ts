// Sends a page of ours past Fastify's serialising.
import type { FastifyReply } from 'fastify'
import { answerPage } from '../errors/answer.ts'
import type { Page } from '../errors/page.ts'

export function page(reply: FastifyReply, content: Page, status = 200): FastifyReply {
  reply.hijack()
  answerPage(reply.raw, content, status)
  return reply
}
