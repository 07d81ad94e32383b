// Load on a process, and the processor time that it costs.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** One round of load: processor time that the process itself spent (user + system) per request, in microseconds, and requests per second. */
export function load({ pid, url }, duration, clients, fields = []) {
  const before = processorMicros(pid)
  const { stdout } = spawnSync('wrk', ['-t1', `-c${clients}`, `-d${duration}s`, ...fields.flatMap(field => ['-H', field]), url], {
    encoding: 'utf8',
  })
  const spent = processorMicros(pid) - before
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  if (/Non-2xx/.test(stdout) || !requests) throw new Error(`${url} did not answer properly:\n${stdout}`)
  return { micros: spent / requests, rate: requests / duration }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** From /proc/PID/stat: fields 14 and 15, in clock ticks of 10 ms. */
function processorMicros(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}
