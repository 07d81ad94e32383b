// How many other people can log in to this machine.
import { execFile } from 'node:child_process'

/** Lines of passwd(5), from every source that the machine has (getent). Rejects where there is no such program. */
export type ReadUsers = () => Promise<string>

/** Milliseconds that a directory may take to answer. */
const patience = 3_000

export const readUsers: ReadUsers = () =>
  new Promise((resolve, reject) => {
    execFile('getent', ['passwd'], { timeout: patience, maxBuffer: 16 << 20 }, (error, stdout) => (error ? reject(error) : resolve(stdout)))
  })

/** Accounts of people other than `own` with a shell; undefined where that cannot be told. Root is not counted: it can read everything anyway. */
export async function countOtherPeople(own: number | undefined, read: ReadUsers = readUsers): Promise<number | undefined> {
  if (own === undefined) return undefined
  try {
    const users = (await read()).split('\n').map(line => line.split(':'))
    return users.filter(([, , uid, , , , shell = '']) => isPerson(Number(uid)) && Number(uid) !== own && !/(?:nologin|false)$/.test(shell))
      .length
  } catch (error) {
    if (error instanceof TypeError) throw error
    return undefined
  }
}

/** Numbers below 1000 are the system's, those from 60000 to 65535 nobody's (Debian Policy 9.2.2). */
function isPerson(uid: number): boolean {
  return uid >= 1_000 && !(uid >= 60_000 && uid <= 65_535)
}
