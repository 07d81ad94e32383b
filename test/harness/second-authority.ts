// An authorization server that we did not write (oidc-provider, certified), at the endpoints that Entra ID has: an emulator and a broker by the
// same hands may share a misreading.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Provider, { type ClientMetadata, type Configuration, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { Test } from 'tap'

export const tenantId = '99999999-8888-4777-8666-555555555555'
const person = { sub: 'ada', oid: '11111111-2222-4333-8444-555555555555', tid: tenantId, preferred_username: 'ada@second.example' }

/** The resources whose tokens it gives, and the permission of each. */
export const resources = { fhir: 'https://fhir.second.example', dicom: 'https://dicom.second.example' }
const permissions = ['user_impersonation', 'Dicom.ReadWrite', '.default']

export type SecondAuthority = {
  url: string
  /** Grants that its token endpoint was asked for. */
  grants: string[]
}

/** Listens until the test ends. */
export async function startSecondAuthority(t: Test, clients: ClientMetadata[]): Promise<SecondAuthority> {
  const grants: string[] = []
  const server = createServer((request, response) => {
    serve(request, response).catch(error => response.writeHead(500).end(String(error)))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const url = `http://localhost:${(server.address() as { port: number }).port}`
  const provider = new Provider(url, configuration(clients))
  provider.use(asEntra)
  const handle = provider.callback()

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/interaction/'))
      return provider.interactionFinished(request, response, { login: { accountId: person.sub } }, { mergeWithLastSubmission: false })
    if (request.url?.split('?')[0]?.endsWith('/token')) await readForm(request, grants)
    return handle(request, response)
  }
  return { url, grants }
}

function configuration(clients: ClientMetadata[]): Configuration {
  const policy = interactionPolicy.base()
  policy.remove('consent')
  return {
    clients,
    interactions: { policy, url: (_ctx, { uid }) => `/interaction/${uid}` },
    routes: {
      authorization: `/${tenantId}/oauth2/v2.0/authorize`,
      token: `/${tenantId}/oauth2/v2.0/token`,
      device_authorization: `/${tenantId}/oauth2/v2.0/devicecode`,
      code_verification: '/device',
    },
    claims: { openid: ['sub', 'oid', 'tid', 'preferred_username'] },
    conformIdTokenClaims: false,
    findAccount: async (_ctx, accountId) => ({ accountId, claims: async () => person }),
    cookies: { keys: ['a key for this run only'] },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'profile'],
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // Entra ID has no `resource`: the scope carries it.
        defaultResource: async ctx => resourceIn(ctx) ?? resources.fhir,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx, resource) => ({
          scope: permissions.map(permission => `${resource}/${permission}`).join(' '),
          audience: resource,
          accessTokenFormat: 'jwt',
        }),
      },
    },
    // Whoever is signed in has consented to everything, as where an administrator has.
    loadExistingGrant: async ctx => {
      const { session, client, provider } = ctx.oidc
      const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
      grant.addOIDCScope('openid offline_access profile')
      for (const resource of Object.values(resources))
        grant.addResourceScope(resource, permissions.map(permission => `${resource}/${permission}`).join(' '))
      await grant.save()
      return grant
    },
    // One refresh token serves every resource, and offline_access needs no question.
    issueRefreshToken: async (_ctx, _client, source) => {
      Object.assign(source, { scope: everything, resource: Object.values(resources) })
      return true
    },
    rotateRefreshToken: false,
    ttl: {
      AccessToken: 3600,
      ClientCredentials: 3600,
      DeviceCode: 900,
      RefreshToken: 86_400,
      IdToken: 3600,
      Session: 3600,
      Grant: 86_400,
      Interaction: 600,
    },
  }
}

const everything = [
  'openid offline_access profile',
  ...Object.values(resources).flatMap(resource => permissions.map(permission => `${resource}/${permission}`)),
].join(' ')

function resourceIn({ oidc }: KoaContextWithOIDC): string | undefined {
  const scope = String(oidc.params?.scope ?? '')
  return Object.values(resources).find(resource => scope.includes(`${resource}/`))
}

/** What Entra ID adds to a token response. */
async function asEntra(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  const body = ctx.body as Record<string, unknown> | undefined
  if (!ctx.path.endsWith('/token') || !body?.id_token) return
  const info = { uid: person.oid, utid: tenantId }
  ctx.body = { ...body, client_info: Buffer.from(JSON.stringify(info)).toString('base64url') }
}

/** Notes the grant, and calls device_code by its URN: MSAL uses the grant's older name. */
async function readForm(request: IncomingMessage, grants: string[]): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
  grants.push(form.grant_type ?? '')
  if (form.grant_type === 'device_code') form.grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  Object.assign(request, { body: form })
}

/** A person's browser without scripts: keeps cookies, follows redirects to `until`, and submits each form that it is shown. */
export async function walk(start: string, until: (url: string) => boolean, fields: Record<string, string> = {}): Promise<string> {
  const cookies = new Map<string, string>()
  let [url, body]: [string, URLSearchParams | undefined] = [start, undefined]
  for (let step = 0; step < 20; step++) {
    if (until(url)) return url
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie }, ...(body && { method: 'POST', body }) })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location !== null) {
      url = new URL(location, url).href
      body = undefined
      continue
    }
    const html = await answer.text()
    const [, action] = /<form[^>]*action="([^"]+)"/.exec(html) ?? []
    if (answer.status >= 400 || action === undefined) return html
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ])
    url = new URL(action, url).href
    body = new URLSearchParams([...hidden, ...Object.entries(fields)])
  }
  throw new Error('it leads round in circles')
}
