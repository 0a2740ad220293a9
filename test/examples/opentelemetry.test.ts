/**
 * What the OpenTelemetry example registers, read the way an SDK reads it: through the interfaces of
 * `@opentelemetry/api`, by a meter provider that keeps what it is told.
 */

import {
  type BatchObservableCallback,
  createNoopMeter,
  type Meter,
  type MetricOptions,
  metrics,
  type Observable,
} from '@opentelemetry/api'
import { openDictionary, STATS } from 'holdfast'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import '../secret.ts'

const opentelemetry = suite('the OpenTelemetry example')

interface Instrument {
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly options: MetricOptions
}

/** Keeps instruments and callbacks, and reads them on demand, as a metric reader does. */
class Recorder {
  readonly instruments = new Map<Observable, Instrument>()
  readonly #callbacks: BatchObservableCallback[] = []
  readonly meter: Meter = Object.assign(createNoopMeter(), {
    createObservableCounter: (name: string, options: MetricOptions) =>
      this.#add({ name, kind: 'counter', options }),
    createObservableGauge: (name: string, options: MetricOptions) =>
      this.#add({ name, kind: 'gauge', options }),
    addBatchObservableCallback: (callback: BatchObservableCallback) =>
      this.#callbacks.push(callback),
  })

  collect(peer: string): Map<string, number> {
    const read = new Map<string, number>()
    const observe = (observable: Observable, value: number, attributes: object = {}) => {
      const name = this.instruments.get(observable)?.name
      if (name !== undefined && 'peer' in attributes && attributes.peer === peer) {
        read.set(name, value)
      }
    }
    for (const callback of this.#callbacks) callback({ observe })
    return read
  }

  #add(instrument: Instrument): Observable {
    const observable = { addCallback: () => {}, removeCallback: () => {} }
    this.instruments.set(observable, instrument)
    return observable
  }
}

opentelemetry(
  'each number is an instrument of its kind, and tells what stats() tells',
  async () => {
    const recorder = new Recorder()
    metrics.setGlobalMeterProvider({ getMeter: () => recorder.meter })
    const { observe } = await import('../../examples/opentelemetry.ts')
    const bob = await openDictionary({ peerId: 'bob' })
    observe(bob)
    bob.update({ door: 'open', gate: 'shut' })
    const read = recorder.collect('bob')
    const told = Object.entries(bob.stats()).map(([name, value]) => [`holdfast.${name}`, value])
    await bob.close()
    assert.equal(Object.fromEntries(read), Object.fromEntries(told))
    assert.is(read.get('holdfast.keys'), 2)
    for (const { name, kind, options } of recorder.instruments.values()) {
      const meant = STATS[name.replace('holdfast.', '') as keyof typeof STATS]
      assert.equal([kind, options.description], [meant.kind, meant.help])
    }
    metrics.disable()
  },
)

opentelemetry.run()
