// The key pair that signs this run's tokens, made at start and never stored.
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export type SigningKey = {
  /** RFC 7517; in Entra's keys `x5t` repeats `kid`. */
  publicJwk: JWK
  sign: (claims: Record<string, unknown>) => Promise<string>
}

/** An RSA key of 2048 bits for RS256, the one algorithm that Entra ID signs with. */
export async function createSigningKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { modulusLength: 2048 })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { publicJwk: { ...jwk, use: 'sig', kid, x5t: kid }, sign: claims => sign(privateKey, kid, claims) }
}

const sign = (privateKey: CryptoKey, kid: string, claims: Record<string, unknown>): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(privateKey)
