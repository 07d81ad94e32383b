// The people who can sign in to the sandbox: clearly made up, each showing one kind of access.
import type { DataRole } from './contract.ts'

export type Person = {
  name: string
  /** User principal name; `.example` belongs to nobody (RFC 2606). */
  username: string
  /** Object id in the sandbox's tenant. */
  oid: string
  roles: readonly DataRole[]
  /** What the roles come to, for the sign-in page. */
  may: string
  /** Why this account cannot sign in: disabled (50057), or of another organization (50020); undefined when it can. */
  hindrance?: 'disabled' | 'foreign'
}

/** The sandbox's people, the one who may do most first. */
export const people: readonly Person[] = [
  {
    name: 'Ada Example',
    username: 'ada@sandbox.example',
    oid: '0a0a0a0a-5a4d-4b0c-8000-000000000001',
    roles: ['FHIR Data Contributor', 'DICOM Data Owner'],
    may: 'Reads and writes',
  },
  {
    name: 'Ben Sample',
    username: 'ben@sandbox.example',
    oid: '0b0b0b0b-5a4d-4b0c-8000-000000000002',
    roles: ['FHIR Data Reader', 'DICOM Data Reader'],
    may: 'Reads; writing is refused (403)',
  },
  {
    name: 'Nora Norole',
    username: 'nora@sandbox.example',
    oid: '0c0c0c0c-5a4d-4b0c-8000-000000000003',
    roles: [],
    may: 'Signs in, but may do nothing (403)',
  },
  {
    name: 'Dan Dormant',
    username: 'dan@sandbox.example',
    oid: '0d0d0d0d-5a4d-4b0c-8000-000000000004',
    roles: [],
    may: 'Cannot sign in: the account is disabled (AADSTS50057)',
    hindrance: 'disabled',
  },
  {
    name: 'Eve Elsewhere',
    username: 'eve@elsewhere.example',
    oid: '0e0e0e0e-5a4d-4b0c-8000-000000000005',
    roles: [],
    may: 'Cannot sign in: the account is of another organization (AADSTS50020)',
    hindrance: 'foreign',
  },
]
