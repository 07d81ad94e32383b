// The settings in `access`: exact origins and names only, by file, flag and environment; and what a project file may not open.
import t from 'tap'
import { configOf } from '../../src/config/load.ts'
import { type Case, change, failure, holds, parse, valid } from '../fixtures/configurations.ts'

const access = (group: object) => change(d => Object.assign(d, { access: group }))
const origins = (...allowedOrigins: unknown[]) => access({ allowedOrigins })
const hosts = (...names: unknown[]) => access({ hosts: names })

t.test('what is no exact origin, or no name, is refused with what to write', async t => {
  const cases: Case[] = [
    [
      'a slash',
      origins('http://localhost:3000/'),
      /:20:7: "http:\/\/localhost:3000\/" is not as browsers write it/,
      /Write "http:\/\/localhost:3000"/,
    ],
    ['a path', origins('http://localhost:3000/app'), /not as browsers write it/, /Write "http:\/\/localhost:3000"/],
    ['capitals', origins('http://LOCALHOST:3000'), /not as browsers write it/, /Write "http:\/\/localhost:3000"/],
    ['the port that goes without saying', origins('https://app.example:443'), /not as browsers write it/, /Write "https:\/\/app.example"/],
    ['a user name', origins('http://a@localhost:3000'), /not as browsers write it/, /Write/],
    ['any page', origins('*'), /"\*" is a pattern/, /Write each origin out/],
    ['a pattern', origins('http://*.example.org'), /is a pattern/, /Write each origin out/],
    ['sandboxed pages', origins('null'), /"null" would let in every sandboxed page/, /address of its own/],
    ['a host alone', origins('localhost:3000'), /is no origin/, /http:\/\/localhost:3000/],
    ['another scheme', origins('file:///tmp'), /is no origin/, /scheme, host and port/],
    ['an empty origin', origins(''), /empty/, /./],
    ['the second of two', origins('http://localhost:3000', 'http://localhost:3001/'), /3001\/" is not as/, /3001"/],
    ['no list', access({ allowedOrigins: 'http://localhost:3000' }), /must be a list/, /./],
    ['a host with a port', hosts('host.docker.internal:3447'), /is no host name/, /without port/],
    ['a host in capitals', hosts('Host.Docker.Internal'), /is no host name/, /small letters/],
    ['every address', hosts('0.0.0.0'), /is an address, not a name/, /name alone/],
    ['a neighbour', hosts('192.168.1.2'), /is an address/, /name alone/],
    ['an address as one number', hosts('2130706433'), /is an address/, /name alone/],
    ['an IPv6 address', hosts('[::]'), /is no host name/, /name alone/],
    ['any host', hosts('*'), /is no host name/, /name alone/],
    ['a negative uid', access({ allowUids: [-1] }), /./, /./],
    ['a user by name', access({ allowUids: ['ada'] }), /must be a whole number/, /./],
    ['a misspelt setting', access({ allowedOrigin: [] }), /unknown key "allowedOrigin"/, /Did you mean "allowedOrigins"/],
    ['a key as such', access({ key: 'hunter2' }), /"key" must be one of auto, off, required/, /./],
  ]
  await holds(t, cases)
})

t.test('a group has names by the one rule: file, flag, environment', async t => {
  const group = { key: 'required', allowUids: [1001], allowedOrigins: ['http://localhost:3000'], hosts: ['host.docker.internal'] } as const
  t.strictSame(parse(access(group)).values.access, group)
  const settings = (flags: Record<string, string>, env: Record<string, string>, document = valid) => configOf(document, flags, env).settings
  t.strictSame(settings({}, {})['access.allowedOrigins'], [])
  t.equal(settings({}, {})['access.key'], 'auto')
  t.equal(settings({}, {}, access(group) as typeof valid)['access.key'], 'required', 'the file')
  t.equal(settings({}, { HALLPASS_ACCESS_KEY: 'off' }, access(group) as typeof valid)['access.key'], 'off', 'the environment over the file')
  t.equal(settings({ 'access-key': 'auto' }, { HALLPASS_ACCESS_KEY: 'off' })['access.key'], 'auto', 'a flag over the environment')
  t.strictSame(settings({ 'access-allow-uids': '1001, 0' }, {})['access.allowUids'], [1001, 0])
  t.strictSame(settings({}, { HALLPASS_ACCESS_ALLOWED_ORIGINS: 'http://localhost:3000,https://a.example' })['access.allowedOrigins'], [
    'http://localhost:3000',
    'https://a.example',
  ])
  t.match(
    failure(() => settings({ 'access-allowed-origins': 'http://localhost:3000/' }, {})),
    {
      code: 'setting-invalid',
      summary: /^--access-allowed-origins: "http:\/\/localhost:3000\/" is not as browsers write it/,
      remedy: 'Write "http://localhost:3000".',
    },
  )
  t.match(
    failure(() => settings({}, { HALLPASS_ACCESS_HOSTS: '0.0.0.0' })),
    { summary: /^HALLPASS_ACCESS_HOSTS: .* is an address/ },
  )
})

t.test('a project file opens nothing but its own app on this machine', async t => {
  const project = { project: { ownPath: '/home/ada/.config/hallpass/hallpass.jsonc' } }
  await holds(
    t,
    [
      ['a stranger’s origin', origins('http://localhost:3000', 'https://evil.example'), /pages of this machine only/, /your own file/],
      ['an origin that begins like localhost', origins('http://localhost.evil.example'), /pages of this machine only/, /your own file/],
      ['a host', hosts('evil.example'), /callers that you do not know/, /your own file/],
      ['another user', access({ allowUids: [1001] }), /callers that you do not know/, /your own file/],
      ['no key', access({ key: 'off' }), /may not switch off a check/, /your own file/],
      ['no peer check', access({ peerCheck: 'off' }), /may not switch off a check/, /your own file/],
    ],
    project,
  )
  t.ok(parse(access({ key: 'required', allowedOrigins: ['http://localhost:3000', 'http://127.0.0.1:5173'], hosts: [] }), project))
})
