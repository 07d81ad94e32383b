// What a code of Entra ID means: the form of the catalogue's entries, and the places and commands that its remedies name.
import type { Profile } from '../terms/profile.ts'
import { formatRedirectUri } from '../terms/redirect-uri.ts'

/** What is known of the profile that met the code; nothing, when somebody only asks. */
export type Here = Partial<Pick<Profile, 'name' | 'flow' | 'credential' | 'redirectUri'>>

/** A sentence, or one that depends on where the code was met. */
export type Said = string | ((here: Here) => string)

export type Meaning = {
  /** What Entra ID says by it. */
  summary: string
  /** Why it most likely came, with hallpass. */
  cause: Said
  /** The one thing to do, with the place in the portal, or the command. */
  remedy: Said
}

export const meaning = (summary: string, cause: Said, remedy: Said): Meaning => ({ summary, cause, remedy })

/** A page of the registration in the Entra admin center or the Azure portal. */
export const inRegistration = (page: string): string => `App registrations > your application > ${page}`

export const copyIds = `Copy "Application (client) ID" and "Directory (tenant) ID" from ${inRegistration('Overview')} into the profile; an object ID is something else.`

/** `hallpass login`, for the profile where it is known. */
export const login = ({ name }: Here): string => `hallpass login${name === undefined ? '' : ` ${name}`}`

export const signInAgain = (here: Here): string => `Sign in again: \`${login(here)}\`.`

/** The redirect URI as the registration should have it. The port of localhost does not count there. */
export const registered = ({ redirectUri }: Here): string => {
  if (!redirectUri) return 'http://localhost/-/callback'
  return redirectUri.port === undefined ? `http://${redirectUri.host}${redirectUri.path}` : formatRedirectUri(redirectUri, redirectUri.port)
}

/** The platform under which the redirect URI belongs: a confidential client is a web application. */
export const platform = ({ credential = 'none' }: Here): string => (credential === 'none' ? 'Mobile and desktop applications' : 'Web')

/** How a credential is put in order. */
export const renewCredential = ({ credential, name = 'PROFILE' }: Here): string =>
  credential === 'certificate'
    ? `Upload the public part, which \`hallpass cert show ${name}\` prints, under ${inRegistration('Certificates & secrets > Certificates')}.`
    : `Make a new secret under ${inRegistration('Certificates & secrets')}, copy its Value, then \`hallpass secret set ${name}\`.`
