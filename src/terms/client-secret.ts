// What a client secret looks like, and what is mistaken for one.

/** The portal shows a Secret ID (a GUID) beside the Value; what is wanted is the Value (Register a client application, Microsoft Learn). */
export function looksLikeSecretId(text: string): boolean {
  return looksLikeGuid(text)
}

/** The portal shows a Certificate ID (a GUID) beside the thumbprint; what is wanted is the thumbprint, or the certificate itself. */
export function looksLikeCertificateId(text: string): boolean {
  return looksLikeGuid(text)
}

function looksLikeGuid(text: string): boolean {
  return /^\s*\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?\s*$/i.test(text)
}
