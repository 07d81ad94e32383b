// The last net under logs and error texts: nothing that looks like a credential passes.

const credentials: readonly [RegExp, string][] = [
  [/\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g, '[token]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [
    /\b((?:code|client_secret|client_assertion|refresh_token|access_token|id_token|code_verifier|state|nonce)["']?\s*[=:]\s*["']?)[^\s"'&,}]+/gi,
    '$1[redacted]',
  ],
  [/\b[01]\.A[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]+)*/g, '[token]'],
]

/** The text without anything that looks like a token, an authorization code or a secret. */
export function redact(text: string): string {
  return credentials.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text)
}
