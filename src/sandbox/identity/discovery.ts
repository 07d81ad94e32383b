// The discovery document and the keys (OpenID Connect Discovery 1.0 section 3; RFC 7517).
import type { FastifyInstance } from 'fastify'
import type { AuthorizationServer } from './authorization-server.ts'
import { checkTenant, type Directory, isSharedEndpoint } from './directory.ts'
import { EntraError } from './entra-error.ts'
import { transportFaults } from './transport-faults.ts'

type TenantRoute = { Params: { tenant: string } }

/** Adds `/{tenant}/v2.0/.well-known/openid-configuration` and `/{tenant}/discovery/v2.0/keys`. */
export function addDiscovery(app: FastifyInstance, server: AuthorizationServer): void {
  const document = '/:tenant/v2.0/.well-known/openid-configuration'
  app.get<TenantRoute>(document, transportFaults(server, 'discovery'), async ({ params: { tenant } }) => {
    demandTenant(server.directory, tenant)
    return discoveryDocument(server, tenant)
  })
  // No fault strikes here: the health services fetch these keys, and theirs is another network.
  app.get<TenantRoute>('/:tenant/discovery/v2.0/keys', async ({ params: { tenant } }) => {
    demandTenant(server.directory, tenant)
    return { keys: [server.key.publicJwk] }
  })
}

/** Discovery has an `error` of its own for a tenant that is none. */
function demandTenant(directory: Directory, tenant: string): void {
  try {
    checkTenant(directory, tenant)
  } catch (error) {
    throw error instanceof EntraError ? error.under('invalid_tenant') : error
  }
}

/** Like Entra's it does not list the PKCE methods, and a shared endpoint's issuer is a template. */
function discoveryDocument({ directory, origin }: AuthorizationServer, tenant: string) {
  const shared = isSharedEndpoint(tenant)
  const base = `${origin()}/${shared ? tenant.toLowerCase() : directory.tenantId}`
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${origin()}/${shared ? '{tenantid}' : directory.tenantId}/v2.0`,
    request_uri_parameter_supported: false,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'name', 'tid', 'ver'],
  }
}
