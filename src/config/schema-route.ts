// The definition of a route: the service behind a prefix of ours, and the profile whose token it gets.
import Type from 'typebox'
import { choice, oneOrSeveral, text } from './schema-parts.ts'

export const routeSchema = Type.Object(
  {
    origin: text('URL of the service, with the version for DICOM (…/v2).', {
      examples: ['https://workspace-fhir.fhir.azurehealthcareapis.com', 'https://workspace-dicom.dicom.azurehealthcareapis.com/v2'],
    }),
    profile: text('The profile whose token this route gets.', { examples: ['dev'] }),
    kind: Type.Optional(choice(['fhir', 'dicom'], 'Kind of service. Derived from an Azure URL.')),
    audience: Type.Optional(
      text('Resource that the token is for, without trailing slash. Derived from an Azure URL, except for DICOM in US Government.', {
        examples: ['api://my-fhir'],
      }),
    ),
    scopes: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'Scopes to ask for, all of the audience. Derived from kind and audience.',
        examples: [['api://my-fhir/.default']],
      }),
    ),
    cache: Type.Optional(
      choice(
        ['no-store', 'as-is'],
        'Whether browsers may keep answers: never, for health data would rest in their caches on disk; or as the service says.',
        { default: 'no-store' },
      ),
    ),
    localise: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'Map the service’s links in answers to hallpass, and hallpass’s in requests to the service. False: they pass as they are.',
      }),
    ),
    access: Type.Optional(
      oneOrSeveral(
        'What passes, in terms of the service: `read-only`, or a list of interactions and `$operations`. Absent, everything does.',
        {
          examples: ['read-only', ['read', 'search', '$everything']],
        },
      ),
    ),
    forwardFields: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Request fields that this service gets beside those that hallpass knows.',
        examples: [['X-My-Trace']],
      }),
    ),
  },
  { additionalProperties: false, title: 'Route' },
)
