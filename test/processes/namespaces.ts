/**
 * Network namespaces of Linux: a machine of its own for each process, as far as the network goes,
 * all plugged into one bridge; and partitions between them, made by nftables in each of them.
 *
 * It needs root, `ip` and `nft`. Everything is removed again by `close`.
 */

import { execFileSync, spawnSync } from 'node:child_process'

/** The first three numbers of all addresses: the block of RFC 2544, which is routed nowhere. */
const BLOCK = '198.18.0'
/** How long one command may take, in milliseconds. */
const COMMAND_MS_MAX = 10_000

/** Why there can be no namespaces here; undefined if there can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'there are network namespaces only on Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const command of ['ip', 'nft']) {
    if (spawnSync(command, ['-V']).error) return `there is no command '${command}'`
  }
  const name = `holdfast-${process.pid}-try`
  try {
    run('ip', 'netns', 'add', name)
    run('ip', '-n', name, 'link', 'add', 'plug', 'type', 'veth', 'peer', 'name', 'socket')
    run('ip', '-n', name, 'link', 'add', 'bridge', 'type', 'bridge')
    run('ip', 'netns', 'exec', name, 'nft', 'add', 'table', 'inet', 'partition')
    return undefined
  } catch (error) {
    return `this system refuses namespaces: ${(error as Error).message.trim()}`
  } finally {
    spawnSync('ip', ['netns', 'delete', name])
  }
}

export class Namespaces {
  readonly #names: readonly string[]

  /** Makes one for each name. Their addresses are on one net, in this order. */
  constructor(names: readonly string[]) {
    this.#names = names
    // Whatever ends this process, no namespace outlives it.
    process.on('exit', () => this.close())
    const hub = this.#full('hub')
    run('ip', 'netns', 'add', hub)
    run('ip', '-n', hub, 'link', 'add', 'bridge', 'type', 'bridge')
    run('ip', '-n', hub, 'link', 'set', 'bridge', 'up')
    for (const name of names) this.#plug(name)
  }

  address(name: string): string {
    return `${BLOCK}.${this.#names.indexOf(name) + 1}`
  }

  /** The command that runs another one inside. */
  launcher(name: string): string[] {
    return ['ip', 'netns', 'exec', this.#full(name)]
  }

  /**
   * Drops every packet between these and all others, or only what these send. Neither side is told
   * anything, as when a cable is pulled.
   */
  partition(side: readonly string[], { oneWay = false }: { oneWay?: boolean } = {}): void {
    this.heal()
    const rest = this.#names.filter((name) => !side.includes(name))
    for (const name of rest) this.#drop(name, { from: side })
    if (oneWay) return
    for (const name of side) this.#drop(name, { from: rest })
  }

  /** Ends the partition. */
  heal(): void {
    for (const name of this.#names) this.#filter(name, 'flush chain inet partition incoming')
  }

  close(): void {
    for (const name of ['hub', ...this.#names]) {
      spawnSync('ip', ['netns', 'delete', this.#full(name)])
    }
  }

  #plug(name: string): void {
    const [here, hub] = [this.#full(name), this.#full('hub')]
    run('ip', 'netns', 'add', here)
    const socket = ['peer', 'name', `to-${name}`, 'netns', hub]
    run('ip', '-n', here, 'link', 'add', 'plug', 'type', 'veth', ...socket)
    run('ip', '-n', here, 'address', 'add', `${this.address(name)}/24`, 'dev', 'plug')
    for (const device of ['lo', 'plug']) run('ip', '-n', here, 'link', 'set', device, 'up')
    run('ip', '-n', hub, 'link', 'set', `to-${name}`, 'master', 'bridge', 'up')
    this.#filter(name, 'add table inet partition')
    const chain = '{ type filter hook input priority 0; policy accept; }'
    this.#filter(name, `add chain inet partition incoming ${chain}`)
  }

  #drop(name: string, { from }: { from: readonly string[] }): void {
    const addresses = from.map((other) => this.address(other)).join(', ')
    this.#filter(name, `add rule inet partition incoming ip saddr { ${addresses} } drop`)
  }

  #filter(name: string, rule: string): void {
    const [command, ...rest] = [...this.launcher(name), 'nft', rule]
    run(command as string, ...rest)
  }

  #full(name: string): string {
    return `holdfast-${process.pid}-${name}`
  }
}

function run(command: string, ...rest: string[]): void {
  execFileSync(command, rest, { stdio: 'pipe', timeout: COMMAND_MS_MAX })
}
