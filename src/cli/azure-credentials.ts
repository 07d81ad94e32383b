// Takes the credentials of the Azure SDKs out of the environment, so that no child of ours inherits them.
import type { Io } from './io.ts'

type Taken = Pick<Io, 'environmentSecret' | 'environmentCertificate'>

/** Removes AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PASSWORD from `env`, and gives what they and their companions say. */
export function takeAzureCredentials(env: Record<string, string | undefined>): Taken {
  const { AZURE_CLIENT_SECRET: secret, AZURE_CLIENT_CERTIFICATE_PASSWORD: password } = env
  delete env.AZURE_CLIENT_SECRET
  delete env.AZURE_CLIENT_CERTIFICATE_PASSWORD
  const { AZURE_CLIENT_CERTIFICATE_PATH: path, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: send = '' } = env
  const clientId = env.AZURE_CLIENT_ID || undefined
  return {
    environmentSecret: secret ? { secret, clientId } : undefined,
    environmentCertificate:
      path || password ? { path: path ?? '', password: password || undefined, sendChain: /^(1|true)$/i.test(send), clientId } : undefined,
  }
}
