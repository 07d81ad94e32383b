// Who holds the lock: a process, told apart from a later one that got the same ID.
import { readFile } from 'node:fs/promises'

/** `born`: when and under which start of the machine the process began; empty where the system does not tell. */
export type Holder = { pid: number; id: string; born: string }

/** Undefined for a text that no holder wrote, as a crash of the machine may leave. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null
    const fits = Number.isSafeInteger(holder?.pid) && typeof holder?.id === 'string' && typeof holder.born === 'string'
    return fits ? (holder as Holder) : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

/**
 * Linux: the machine's start and the process's (proc_pid_stat(5): field 22, in clock ticks since then). Empty where the system does not tell,
 * and for the dead, also those whose parent has not noticed (state Z).
 */
export async function birthOf(pid: number): Promise<string> {
  const [machine, process] = await Promise.all([readIfThere('/proc/sys/kernel/random/boot_id'), readIfThere(`/proc/${pid}/stat`)])
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = process.slice(process.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields[0], fields[19]]
  return started && state !== 'Z' && state !== 'X' ? `${machine.trim()}:${started}` : ''
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    // No /proc, or no longer this process: nothing is known then.
    return ''
  }
}
