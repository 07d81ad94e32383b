// What `/.well-known/smart-configuration` says (SMART App Launch 2.1, conformance): no more than the sandbox's authorization server does.

/** @param authority - The authorization server's URL with the tenant. */
export function smartConfiguration(authority: string) {
  return {
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    grant_types_supported: ['authorization_code', 'client_credentials'],
    scopes_supported: ['openid', 'offline_access'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'none'],
    capabilities: [
      ...['client-public', 'client-confidential-symmetric', 'client-confidential-asymmetric', 'authorize-post'],
      ...['permission-user', 'permission-offline', 'sso-openid-connect'],
    ],
  }
}
