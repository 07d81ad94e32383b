// Text that came from outside, made safe to show: a terminal obeys control characters, and some characters turn others around.

const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** The text with every character that a terminal would obey or hide written as its escape; cut after `most` characters. */
export function printable(text: string, most = 200): string {
  return escaped(text.length > most ? `${text.slice(0, most)}…` : text)
}

/** As `printable`, whole, for text of several lines: it keeps its line breaks and tabs. In JSON the escapes stand for the same characters. */
export function printableLines(text: string): string {
  return text.replace(/[^\n\t]+/g, escaped)
}

function escaped(text: string): string {
  return text.replace(unsafe, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
