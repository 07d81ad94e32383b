// The definition of the settings in `access`: who may call, beside programs of the user's own.
import Type from 'typebox'
import { choice } from './schema-parts.ts'

export const accessSchema = {
  key: choice(
    ['auto', 'off', 'required'],
    'Whether a request needs the field Hallpass-Key. auto: where other people can log in and the user behind a connection cannot be told.',
    { default: 'auto' },
  ),
  peerCheck: choice(['on', 'off'], 'Whether connections of other users of this machine are refused (Linux).', { default: 'on' }),
  allowUids: Type.Array(Type.Integer({ minimum: 0, maximum: 4_294_967_294 }), {
    default: [],
    maxItems: 64,
    uniqueItems: true,
    description: 'Further users whose connections are served, by their numbers (Linux).',
    examples: [[1001]],
  }),
  allowedOrigins: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    maxItems: 64,
    uniqueItems: true,
    description: 'Origins whose pages may call (CORS), exactly as browsers write them: scheme, host and port.',
    examples: [['http://localhost:3000']],
  }),
  hosts: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    maxItems: 64,
    uniqueItems: true,
    description: 'Further names in a request’s Host field, without port, such as the one that a container calls by.',
    examples: [['host.docker.internal']],
  }),
}
