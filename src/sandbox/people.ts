// The people who can sign in to the sandbox: clearly made up, each showing one kind of access.
import type { DataRole, RolesOf } from './contract.ts'

export type Person = {
  name: string
  /** User principal name; `.example` belongs to nobody (RFC 2606). */
  username: string
  /** Object id in the sandbox's tenant. */
  oid: string
  roles: readonly DataRole[]
  /** What the roles come to, for the sign-in page. */
  may: string
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
]

/** The roles of the person with this object id; none for anybody else. */
export const rolesOf: RolesOf = oid => new Set(people.find(person => person.oid === oid)?.roles)
