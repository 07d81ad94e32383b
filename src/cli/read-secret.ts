// Reads a secret from whoever gives it: a pipe, or a person at a terminal, to whom it is not shown.
import type { ReadStream, WriteStream } from 'node:tty'

const enter = /[\r\n\u0004]/
const interrupt = '\u0003'
const backspace = /[\u007f\b]/

/** The secret without its line break. From a terminal, Ctrl-C gives the empty string. */
export async function readSecret(input: ReadStream, output: WriteStream, prompt: string): Promise<string> {
  if (!input.isTTY) return (await readAll(input)).replace(/\r?\n$/, '')
  // Before the prompt, or what is typed at once would be shown; and going on again, where an earlier question made it pause.
  input.setRawMode(true).setEncoding('utf8').resume()
  output.write(prompt)
  try {
    return await readLine(input)
  } finally {
    input.setRawMode(false).pause()
    output.write('\n')
  }
}

async function readAll(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function readLine(input: ReadStream): Promise<string> {
  let typed = ''
  return new Promise(resolve => {
    const take = (text: string) => {
      for (const character of text) {
        if (enter.test(character) || character === interrupt) {
          input.off('data', take)
          return resolve(character === interrupt ? '' : typed)
        }
        typed = backspace.test(character) ? typed.slice(0, -1) : typed + character
      }
    }
    input.on('data', take)
  })
}
