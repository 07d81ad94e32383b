// Where a person goes on after a sign-in.
import type { Route } from '../terms/route.ts'

/** The path when it is one below a route, else undefined: after a sign-in nobody is sent anywhere else. */
export function returnPath(path: string | null, routes: readonly Pick<Route, 'prefix'>[]): string | undefined {
  if (path === null || !/^\/[!-~]*$/.test(path) || path.includes('\\')) return undefined
  return routes.some(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`)) ? path : undefined
}
