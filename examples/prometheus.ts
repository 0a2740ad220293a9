/**
 * Prometheus: `stats()` by way of prom-client. One collector reads all numbers when somebody
 * scrapes, so nothing is done in between.
 */

import { type Dictionary, openDictionary, STATS, type Stats } from 'holdfast'
import { Counter, Gauge, Registry } from 'prom-client'

/** `framesIn` becomes `holdfast_frames_in_total`, and `keys` becomes `holdfast_keys`. */
function nameOf(stat: string): string {
  const words = stat.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return `holdfast_${words}${STATS[stat as keyof Stats].kind === 'counter' ? '_total' : ''}`
}

function register(registry: Registry, dictionary: Dictionary): void {
  const labelNames = ['peer'] as const
  for (const stat of Object.keys(STATS) as (keyof Stats)[]) {
    const { kind, help } = STATS[stat]
    const options = { name: nameOf(stat), help, labelNames, registers: [registry] }
    const metric = kind === 'counter' ? new Counter(options) : new Gauge(options)
    // What prom-client calls before it tells the value of this metric.
    Object.assign(metric, {
      collect() {
        metric.reset()
        metric.inc({ peer: dictionary.peerId }, dictionary.stats()[stat])
      },
    })
  }
}

const alice = await openDictionary({ peerId: 'alice' })
const registry = new Registry()
register(registry, alice)
alice.update({ door: 'open', gate: 'shut' })

// In a service this is what `GET /metrics` answers.
const page = await registry.metrics()
for (const line of page.split('\n'))
  if (/^holdfast_(keys|frames_in_total)/.test(line)) console.log(line)
// -> holdfast_keys{peer="alice"} 2
// -> holdfast_frames_in_total{peer="alice"} 0

await alice.close()
