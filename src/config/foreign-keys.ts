// Keys that other tools have and hallpass has not: what to write in their place.

const replacements: Readonly<Record<string, string>> = {
  resource: 'Tokens are asked for by scope here: write the resource as "audience" of the route, without trailing slash.',
  scope: 'Write "scopes", a list, in the route.',
  authority: 'Write the host alone as "authorityHost", and the tenant as "tenantId".',
  authorityurl: 'Write the host alone as "authorityHost", and the tenant as "tenantId".',
  granttype: 'Write "flow": "authorization-code", "device-code" or "client-credentials".',
  tenant: 'Write "tenantId".',
  url: 'Write "origin".',
  target: 'Write "origin".',
  upstream: 'Write "origin".',
  certificatepath: 'Write "credential": "certificate"; `hallpass cert` puts the key pair into the vault.',
  clientcertificatepath: 'Write "credential": "certificate"; `hallpass cert` puts the key pair into the vault.',
  thumbprint: 'Write "credential": "certificate"; `hallpass cert` puts the key pair into the vault and knows its thumbprint.',
  objectid: 'It is not needed: "clientId" is the Application (client) ID, not the object ID.',
  secretid: 'It is not needed: a Secret ID only names a secret in the portal.',
}

/** What to write in place of a key of another tool's configuration. */
export function adviceOnForeignKey(key: string): string | undefined {
  const plain = key.replace(/[^a-z]/gi, '').toLowerCase()
  return Object.hasOwn(replacements, plain) ? replacements[plain] : undefined
}
