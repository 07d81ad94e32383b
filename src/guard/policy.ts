// What the guard is told by the configuration.

export type Policy = {
  /** Port of the daemon, for the sentence that says which address to use. The port of a Host field is not judged: `ssh -L` changes it. */
  port: number
  /** Host names beside the loopback ones under which hallpass may be addressed: small letters, no port. */
  extraHosts: ReadonlySet<string>
  /** Origins whose pages may use hallpass, exactly as browsers write them, such as `http://localhost:3000`. Never a pattern. */
  allowedOrigins: ReadonlySet<string>
}
