// The device's side of the device authorization grant: it asks until somebody has decided (RFC 8628 sections 3.4 and 3.5).
import type { AuthorizationServer, DeviceAuthorization } from './authorization-server.ts'
import { checkClient } from './client-authentication.ts'
import type { DirectoryPerson } from './directory.ts'
import { EntraError } from './entra-error.ts'
import type { Grant } from './grants.ts'
import { issueTokens } from './tokens.ts'

/** A poll may come this many milliseconds early: timers and clocks are not exact. */
const leeway = 500

/**
 * Without a redirect URI it is "Allow public client flows" that decides whether the application is public. The scopes are those that the
 * person was asked for.
 */
export const deviceCode: Grant = async (server, request) => {
  const { application, parameters } = request
  const platform = application.publicClientFlows ? 'publicClient' : 'web'
  const authentication = await checkClient(server, request, platform)
  const device = server.deviceCodes.get(parameters.required('device_code'))
  if (device?.application !== application || device.outcome === 'redeemed') throw new EntraError(70018)
  const person = decided(server, device)
  const { scopes, claims } = device
  server.faults.refuse('device_code', { username: person.username, resource: scopes.resource.appId })
  device.outcome = 'redeemed'
  return issueTokens(server, {
    ...{ application, person, scopes, claims, nonce: undefined, authentication, platform },
    refreshable: scopes.offlineAccess,
    wantsClientInfo: true,
  })
}

function decided({ clock }: AuthorizationServer, device: DeviceAuthorization): DirectoryPerson {
  const { outcome, expires, polled, interval } = device
  if (outcome === 'declined') throw new EntraError(65004).under('authorization_declined')
  if (expires <= clock()) throw new EntraError(70020)
  device.polled = clock()
  if (typeof outcome === 'object') return outcome
  if (polled !== undefined && clock() - polled < interval * 1000 - leeway) {
    device.interval += 5
    throw new EntraError(70016).under('slow_down')
  }
  throw new EntraError(70016)
}
