// Request fields that are never forwarded, whatever a configuration says.

const reasons: readonly [RegExp, string][] = [
  [/^(?![!#$%&'*+.^`|~0-9a-z-]+$)/, 'it is no field name, or has an underscore, which servers take for a hyphen'],
  [/^(?:authorization|proxy-authorization)$/, 'hallpass adds the only one'],
  [
    /^(?:host|content-length|transfer-encoding|expect|trailer|te|upgrade|connection|keep-alive|proxy-.*|http2-settings)$/,
    'it belongs to one connection',
  ],
  [/^cookie2?$/, 'cookies of localhost are not the service’s'],
  [
    /^(?:forwarded|x-forwarded-.*|x-original-.*|x-rewrite-.*|x-real-ip|x-http-method.*|x-method-override|via)$/,
    'it would change where the request seems to come from or go to',
  ],
  [/^(?:origin|referer|sec-.*|access-control-.*|purpose|x-moz)$/, 'it speaks of a web page'],
  [/^hallpass-/, 'it is for hallpass'],
]

/** Why this name cannot be forwarded; undefined when it can. */
export function unforwardable(name: string): string | undefined {
  const small = name.toLowerCase()
  return reasons.find(([pattern]) => pattern.test(small))?.[1]
}
