// From what was kept of a refusal to its cause: 401 is about the token, 403 in the one wording is about the role, and each has one remedy.
import t from 'tap'
import { assignRole, principalOf, roleFor } from '../../src/explain/data-plane-role.ts'
import { explainRefusal, type ServiceRefusal } from '../../src/explain/service-refusal.ts'
import type { RefusalEvidence } from '../../src/terms/evidence.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const other = '99999999-2222-4333-8444-555555555555'
const service = 'https://ws-fhir-one.fhir.azurehealthcareapis.com'
const time = 1_800_000_000_000
const claims = {
  aud: service,
  tid: tenant,
  iss: `https://sts.windows.net/${tenant}/`,
  exp: time / 1000 + 600,
  oid: 'o',
  appid: 'a',
  scp: 'x',
}
const challenge = { error: 'invalid_token', description: undefined, authorizationUri: undefined, resource: undefined, claims: false }

const explain = (evidence: Partial<RefusalEvidence>, more: Partial<ServiceRefusal> = {}) =>
  explainRefusal({
    ...{ kind: 'fhir', prefix: '/fhir', service, profile: 'dev', interaction: 'read', time },
    evidence: {
      status: 401,
      claims,
      audience: service,
      challenge,
      body: 'other',
      issue: undefined,
      reads: true,
      replayed: false,
      ...evidence,
    },
    ...more,
  })

t.test('401: what differs is named, the weightiest first', async t => {
  const cases: [string, Partial<RefusalEvidence>, RegExp, RegExp][] = [
    [
      'audience',
      { claims: { ...claims, aud: 'api://other' }, challenge: { ...challenge, resource: service } },
      /is for api:\/\/other, and the service asks for one for .*ws-fhir-one/,
      /Set "audience" of the route \/fhir to "https:\/\/ws-fhir-one/,
    ],
    [
      'audience by words',
      { challenge: { ...challenge, description: 'The audience is invalid' } },
      /does not take tokens for/,
      /Authentication page/,
    ],
    [
      'tenant',
      { challenge: { ...challenge, authorizationUri: `https://login.microsoftonline.com/${other}` } },
      new RegExp(other),
      /"tenantId" of the profile dev/,
    ],
    ['issuer', { challenge: { ...challenge, description: 'The issuer is invalid' } }, /tokens of https:\/\/sts/, /Authority/],
    ['expired', { claims: { ...claims, exp: time / 1000 - 1 } }, /clock/, /clock/],
    ['not valid yet', { claims: { ...claims, nbf: time / 1000 + 3_600 } }, /clock/, /clock/],
    ['claims', { challenge: { ...challenge, claims: true } }, /further claims/, /hallpass login dev/],
    ['nothing', {}, /does not say why/, /Compare/],
    ['nothing, twice', { replayed: true }, /refused a new token as well/, /Compare/],
    ['no JWT', { claims: undefined, challenge: { ...challenge, resource: 'https://other' } }, /does not say why/, /Compare/],
  ]
  for (const [name, evidence, cause, remedy] of cases) {
    const why = explain(evidence)
    t.match(why.cause, cause, name)
    t.match(why.remedy, remedy, name)
    t.equal(why.command, undefined)
  }
  t.match(
    explain({ challenge: { ...challenge, resource: `${service}/` } }).cause,
    /does not say why/,
    'a slash at the end is no difference',
  )
})

t.test('401: what a service claims to be is no advice of ours unless its address bears it out', async t => {
  const asks = (resource: string, more: Partial<ServiceRefusal> = {}) => explain({ challenge: { ...challenge, resource } }, more)
  const elsewhere = { service: 'https://fhir.example' }
  for (const resource of ['https://management.azure.com', 'https://graph.microsoft.com', 'https://other', 'api://x']) {
    for (const more of [{}, elsewhere]) {
      const why = asks(resource, more)
      t.notMatch(why.remedy, resource, `${resource} is not advised`)
      t.match(why.cause, `claims to want one for ${resource}`, `${resource} is the service’s word`)
      t.match(why.remedy, /Never set "audience" by that alone.*portal/, resource)
    }
  }
  const victim = 'https://victim.fhir.azurehealthcareapis.com'
  t.match(asks(victim).remedy, `to "${victim}"`, 'one Azure service may name another’s audience')
  t.notMatch(asks(victim, elsewhere).remedy, victim, 'nobody else may')
  t.notMatch(asks(`${victim}.evil.example`).remedy, victim)
  t.notMatch(asks('https://dicom.healthcareapis.azure.com', elsewhere).remedy, 'dicom.healthcareapis')
  t.match(
    asks('https://dicom.healthcareapis.azure.com', { kind: 'dicom', service: 'https://ws-d.dicom.azurehealthcareapis.com/v2' }).remedy,
    /to "https:\/\/dicom/,
  )
  t.match(asks('https://fhir.example', elsewhere).remedy, /to "https:\/\/fhir\.example"/, 'its own origin')
  const configured = {
    claims: { ...claims, aud: 'https://old' },
    audience: 'api://mine',
    challenge: { ...challenge, resource: 'api://mine' },
  }
  t.match(explain(configured, elsewhere).remedy, /to "api:\/\/mine"/, 'what is configured already')
})

t.test('401: a tenant that a service outside Azure names is no advice of ours', async t => {
  const evidence = { challenge: { ...challenge, authorizationUri: `https://login.microsoftonline.com/${other}` } }
  const why = explain(evidence, { service: 'https://fhir.example' })
  t.match(why.cause, `claims to want one of tenant ${other}`)
  t.notMatch(why.remedy, other)
  t.match(why.remedy, /Never set "tenantId" by that alone/)
})

t.test('403: the role by what was asked, the command for exactly that principal and service', async t => {
  const role = (interaction: string, reads: boolean) => roleFor('fhir', interaction, reads)
  t.equal(role('search', true), 'FHIR Data Reader')
  t.equal(role('update', false), 'FHIR Data Contributor')
  t.equal(role('$export', false), 'FHIR Data Exporter')
  t.equal(role('$import', false), 'FHIR Data Importer')
  t.equal(role('$convert-data', true), 'FHIR Data Converter')
  t.equal(roleFor('dicom', 'retrieve', true), 'DICOM Data Reader')
  t.equal(roleFor('dicom', 'store', false), 'DICOM Data Owner')
  const why = explain({ status: 403, body: 'missing-role' })
  t.equal(
    why.command,
    'az role assignment create --assignee-object-id o --assignee-principal-type User --role "FHIR Data Reader" --scope ' +
      `"$(az resource list --resource-type Microsoft.HealthcareApis/workspaces/fhirservices --query "[?name=='ws/fhir-one'].id" --output tsv)"`,
  )
  t.equal(explain({ status: 403, body: 'other' }).command, undefined)
  t.equal(explain({ status: 403, body: 'missing-role', claims: undefined }).command, undefined, 'nobody knows for whom')
})

t.test('an application is named as its service principal', async t => {
  t.match(principalOf({ oid: 'o', appid: 'a', roles: [] }), { type: 'ServicePrincipal', words: /not that of the registration/ })
  t.match(principalOf({ oid: 'o', appid: 'a', scp: 'x', idtyp: 'app' }), { type: 'ServicePrincipal' })
  t.match(principalOf({ oid: 'o', scp: 'x' }), { type: 'User' })
  const command = assignRole({
    role: 'DICOM Data Owner',
    oid: 'o',
    type: 'ServicePrincipal',
    kind: 'dicom',
    service: 'https://own.example',
  })
  t.match(command, /--assignee-principal-type ServicePrincipal --role "DICOM Data Owner" --scope RESOURCE-ID-OF-THE-SERVICE$/)
})
