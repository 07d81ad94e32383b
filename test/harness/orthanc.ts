// Starts a real Orthanc with its DICOMweb plug-in, to compare the sandbox's DICOMweb service with.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { freePort } from '../fixtures/free-port.ts'

const program = '/usr/sbin/Orthanc'
const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

export type Orthanc = {
  /** Of its DICOMweb resources, such as `http://127.0.0.1:51234/dicom-web`. */
  url: string
  close: () => Promise<void>
}

/**
 * Starts one with nothing in it, in a folder of its own; takes a fifth of a second.
 * Rejects with the line that installs it when it is not there: a comparison that does not run proves nothing.
 */
export async function startOrthanc(): Promise<Orthanc> {
  for (const file of [program, plugin])
    if (!existsSync(file)) throw new Error(`${file} is missing: apt-get install -y --no-install-recommends orthanc orthanc-dicomweb dcmtk`)
  const folder = mkdtempSync(join(tmpdir(), 'hallpass-orthanc-'))
  const port = await freePort()
  writeFileSync(join(folder, 'orthanc.json'), JSON.stringify(configuration(folder, port)))
  const child = spawn(program, [join(folder, 'orthanc.json')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await started(child)
  } catch (error) {
    await close()
    throw error
  }
  return { url: `http://127.0.0.1:${port}/dicom-web`, close }
}

/** Version 1.10 listens on all addresses whatever it is told; this way it answers this machine only. */
function configuration(folder: string, port: number): object {
  return {
    ...{ StorageDirectory: folder, IndexDirectory: folder, HttpPort: port, RemoteAccessAllowed: false, AuthenticationEnabled: false },
    ...{ DicomServerEnabled: false, Plugins: [plugin] },
    DicomWeb: { Enable: true, Root: '/dicom-web/', EnableWado: false, StudiesMetadata: 'Full', SeriesMetadata: 'Full' },
  }
}

/** It says on stderr when it has started. */
async function started(child: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    if (line.includes('Orthanc has started')) {
      // What it says later is of no interest, but must be read: a full pipe would stop it.
      child.stderr.resume()
      return
    }
  }
  throw new Error(`Orthanc ended before it had started:\n${said.slice(-5).join('\n')}`)
}
