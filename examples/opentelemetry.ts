/**
 * OpenTelemetry: `stats()` as observable instruments, and conflicts as they happen. Only the API is
 * needed here; which SDK reads the numbers, and where they go, is the service's business. Until one
 * is registered, nobody asks and nothing is done.
 */

import { subscribe } from 'node:diagnostics_channel'
import { metrics, type Observable } from '@opentelemetry/api'
import { type Diagnostic, type Dictionary, openDictionary, STATS, type Stats } from 'holdfast'

/** Registers all numbers of a dictionary with the meter provider of the process. */
export function observe(dictionary: Dictionary): void {
  const meter = metrics.getMeter('holdfast')
  const instruments = new Map<Observable, keyof Stats>()
  for (const stat of Object.keys(STATS) as (keyof Stats)[]) {
    const { kind, help: description } = STATS[stat]
    const unit = /bytes/i.test(stat) ? 'By' : '1'
    const make = kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge'
    instruments.set(meter[make](`holdfast.${stat}`, { description, unit }), stat)
  }
  // One look for all of them, so that they belong together.
  meter.addBatchObservableCallback(
    (result) => {
      const stats = dictionary.stats()
      const attributes = { peer: dictionary.peerId }
      for (const [each, stat] of instruments) result.observe(each, stats[stat], attributes)
    },
    [...instruments.keys()],
  )
}

const alice = await openDictionary({ peerId: 'alice' })
observe(alice)
subscribe('holdfast:update', (message) => {
  const { peerId, fact } = message as Diagnostic
  if (fact.type === 'update') console.log(`${peerId} hears of ${fact.key}`)
})
alice.set('door', 'open')
await new Promise((resolve) => alice.on('update', resolve))
await alice.close()
// -> alice hears of door
