// The discovery document and the keys (OpenID Connect Discovery 1.0 section 3; RFC 7517).
import type { FastifyInstance } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { checkTenant, isSharedEndpoint } from './directory.ts'

type TenantRoute = { Params: { tenant: string } }

/** Adds `/{tenant}/v2.0/.well-known/openid-configuration` and `/{tenant}/discovery/v2.0/keys`. */
export function addDiscovery(app: FastifyInstance, server: AuthorizationServer): void {
  app.get<TenantRoute>('/:tenant/v2.0/.well-known/openid-configuration', async ({ params: { tenant } }) => {
    checkTenant(server.directory, tenant)
    return discoveryDocument(server, tenant)
  })
  app.get<TenantRoute>('/:tenant/discovery/v2.0/keys', async ({ params: { tenant } }) => {
    checkTenant(server.directory, tenant)
    return { keys: [server.key.publicJwk] }
  })
}

/** Like Entra's it does not list the PKCE methods, and a shared endpoint's issuer is a template. */
function discoveryDocument({ directory, origin }: AuthorizationServer, tenant: string) {
  const shared = isSharedEndpoint(tenant)
  const base = `${origin()}/${shared ? tenant.toLowerCase() : directory.tenantId}`
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${origin()}/${shared ? '{tenantid}' : directory.tenantId}/v2.0`,
    request_uri_parameter_supported: false,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'name', 'tid', 'ver'],
  }
}
