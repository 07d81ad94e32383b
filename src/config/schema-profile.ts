// The definition of a profile: an app registration and whom it signs in.
import Type from 'typebox'
import { authorityHosts } from '../terms/authority-host.ts'
import { browsers, prompts } from '../terms/profile.ts'
import { choice, text } from './schema-parts.ts'

export const profileSchema = Type.Object(
  {
    tenantId: Type.Optional(
      text('Directory (tenant) ID from the registration’s Overview page, or a domain name of the tenant. AZURE_TENANT_ID when missing.', {
        examples: ['11111111-2222-4333-8444-555555555555', 'contoso.onmicrosoft.com'],
      }),
    ),
    clientId: Type.Optional(
      text('Application (client) ID from the registration’s Overview page. AZURE_CLIENT_ID when missing.', {
        examples: ['66666666-7777-4888-9999-000000000000'],
      }),
    ),
    flow: Type.Optional(
      choice(
        ['authorization-code', 'device-code', 'client-credentials'],
        'How to get a token: a person signs in with the system browser, or with a code on any device; or the application signs in as itself.',
        { default: 'authorization-code' },
      ),
    ),
    credential: Type.Optional(
      choice(
        ['none', 'secret', 'certificate'],
        'What the application proves itself with: nothing (a public client), or a secret (`hallpass secret set`) or a certificate (`hallpass cert new`) that the vault keeps.',
        { default: 'none' },
      ),
    ),
    redirectUri: Type.Optional(
      text('Redirect URI exactly as registered; without a port, the daemon’s own is used.', {
        default: 'http://localhost/-/callback',
        examples: ['http://localhost:8400/signin'],
      }),
    ),
    responseMode: Type.Optional(choice(['form_post', 'query'], 'How the answer of the sign-in is delivered.', { default: 'form_post' })),
    loginHint: Type.Optional(text('The account that the sign-in page proposes.', { maxLength: 254, examples: ['ada@contoso.example'] })),
    prompt: Type.Optional(choice(prompts, 'What the sign-in page does first; without it, it asks only when it has to.')),
    browser: Type.Optional(
      choice(
        browsers,
        'The browser to sign in with: one by name, a private window, or none (the link is only printed). Default: the system’s.',
      ),
    ),
    authorityHost: Type.Optional(
      text('Host of the authorization server. AZURE_AUTHORITY_HOST when missing, else that of the cloud in which the origins are.', {
        examples: Object.values(authorityHosts),
      }),
    ),
    sandbox: Type.Optional(
      text('URL of a sandbox’s identity provider on loopback, in place of Entra ID.', { examples: ['http://localhost:3510'] }),
    ),
  },
  { additionalProperties: false, title: 'Profile' },
)
