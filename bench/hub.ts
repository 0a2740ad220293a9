/** Servers in the middle, for systems that need one: each on a free port, with its own folder. */

import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtProgram, type Program, pause } from './crew.ts'
import { freePort } from './freePort.ts'

/** How long a server may take until it answers, in milliseconds. */
const START_MS_MAX = 20_000
/** Where servers are that are not for everybody's path. */
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`

export type HubKind = 'redis-server' | 'nats-server' | 'program'

/** What ends what is still running, whatever ends this process. */
const endings = new Set<() => void>()
process.once('exit', () => {
  for (const end of endings) end()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
}

export interface Hub {
  readonly address: string
  stop(): void
}

/** True if there is such a server on this machine. */
export function hasServer(kind: HubKind): boolean {
  if (kind === 'program') return true
  return spawnSync(kind, ['--version'], { env: { ...process.env, PATH } }).error === undefined
}

/** Starts the hub of a system, with nothing in it. */
export async function startHub(kind: HubKind, system: string, program: Program): Promise<Hub> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-hub-'))
  const [port, bundle] = [await freePort(), await builtProgram(program)]
  const child = kind === 'program' ? forked(bundle, system) : spawned(kind, { port, folder })
  const stop = () => {
    endings.delete(stop)
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  // Before anything is waited for, or an interruption would leave it behind.
  endings.add(stop)
  if (kind === 'program') {
    const [address] = (await once(child, 'message')) as [string]
    return { address, stop }
  }
  await untilAnswers(port, child)
  return { address: `${kind === 'redis-server' ? 'redis' : 'nats'}://127.0.0.1:${port}`, stop }
}

function forked(bundle: string, system: string): ChildProcess {
  return fork(bundle, [system], { stdio: ['ignore', 'ignore', 2, 'ipc'] })
}

function spawned(
  kind: 'redis-server' | 'nats-server',
  { port, folder }: { port: number; folder: string },
): ChildProcess {
  const words = {
    'redis-server': ['--bind', '127.0.0.1', '--port', port, '--save', '', '--dir', folder],
    'nats-server': ['-a', '127.0.0.1', '-p', port, '-js', '-sd', folder],
  }
  return spawn(kind, words[kind].map(String), { stdio: 'ignore', env: { ...process.env, PATH } })
}

async function untilAnswers(port: number, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_MS_MAX
  while (performance.now() < end && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return
    await pause(20)
  }
  child.kill('SIGKILL')
  throw new Error('The server did not start.')
}
