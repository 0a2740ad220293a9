import type { Actor } from 'xstate'
import type { Key } from '../../machines/rules/key.ts'
import type { Receipt } from '../../machines/rules/write.ts'
import { Dictionary } from '../dictionary.ts'
import type { Lease } from '../holding.ts'
import { boards, type SyncLogic } from '../sync.ts'
import { contentOf, type History, nameOf, type Operation } from './history.ts'

type Parameter<Name extends 'set' | 'update' | 'delete' | 'acquire'> = Parameters<Dictionary[Name]>

/**
 * A dictionary of production whose calls are noted in the history of a simulation. What is sent to
 * its actor as an event is carried out as well, but not noted.
 */
export class RecordedDictionary extends Dictionary {
  readonly #by: string
  readonly #history: History

  constructor(actor: Actor<SyncLogic>, options: { by: string; history: History }) {
    super(actor)
    this.#by = options.by
    this.#history = options.history
    this.#history.follow(this.#by, this)
  }

  override get(key: Key): unknown
  override get<F>(key: Key, fallback: F): unknown
  override get(key: Key, fallback?: unknown): unknown {
    const end = this.#history.call(this.#by)
    const value = super.get(key, undefined)
    const lease = this.lease(key)
    if (lease?.mine) {
      end({ act: 'get', key: nameOf(key), content: contentOf(value), token: lease.token })
    }
    return value === undefined ? fallback : value
  }

  override set(...given: Parameter<'set'>): Receipt {
    const [key, value] = given
    const end = this.#history.call(this.#by)
    const previous = contentOf(super.get(key, undefined))
    const receipt = super.set(...given)
    const { token } = receipt
    end({ act: 'set', key: nameOf(key), content: contentOf(value), previous, token })
    return receipt
  }

  override update(...[entries, options]: Parameter<'update'>): Receipt[] {
    // An iterable may give its pairs only once.
    const isIterable = typeof entries === 'object' && entries !== null && Symbol.iterator in entries
    const pairs = isIterable ? [...entries] : Object.entries(entries ?? {})
    const calls = pairs.map(([key, value]) => {
      const end = this.#history.call(this.#by)
      const previous = contentOf(super.get(key, undefined))
      return ({ token }: Receipt) =>
        end({ act: 'set', key: nameOf(key), content: contentOf(value), previous, token })
    })
    const receipts = super.update(isIterable ? pairs : entries, options)
    for (const [index, receipt] of receipts.entries()) calls[index]?.(receipt)
    return receipts
  }

  override delete(...given: Parameter<'delete'>): boolean {
    const [key] = given
    return this.#remove(key, () => super.delete(...given))
  }

  override pop(key: Key): unknown
  override pop<F>(key: Key, fallback: F): unknown
  override pop(key: Key, ...fallback: [unknown?]): unknown {
    return this.#remove(key, () => super.pop(key, ...(fallback as [unknown])))
  }

  override popItem(): [Key, unknown] {
    const end = this.#history.call(this.#by)
    const [key, value] = super.popItem()
    end(this.#removal(key, contentOf(value)))
    return [key, value]
  }

  override async acquire(...given: Parameter<'acquire'>): Promise<Lease> {
    const end = this.#history.call(this.#by)
    const lease = await super.acquire(...given)
    // There is none if it was asked for only if available.
    if (lease !== undefined) this.#granted(lease, end)
    return lease
  }

  override withLease<R>(
    key: Key,
    options: Parameter<'acquire'>[1] & {},
    run: (lease: Lease) => R | Promise<R>,
  ): Promise<R> {
    const end = this.#history.call(this.#by)
    return super.withLease(key, options, (lease) => {
      this.#granted(lease, end)
      return run(lease)
    })
  }

  #granted({ key, token, valid }: Lease, end: ReturnType<History['call']>): void {
    const content = contentOf(super.get(key, undefined))
    if (valid) end({ act: 'acquire', key: nameOf(key), content, token })
  }

  #remove<Result>(key: Key, remove: () => Result): Result {
    const end = this.#history.call(this.#by)
    const before = super.get(key, undefined)
    const result = remove()
    if (before !== undefined) end(this.#removal(key, contentOf(before)))
    return result
  }

  #removal(
    key: Key,
    previous: string,
  ): Pick<Operation, 'act' | 'key' | 'content' | 'token'> & {
    previous: string
  } {
    const name = nameOf(key)
    return { act: 'delete', key: name, content: 'undefined', previous, token: this.#tokenOf(name) }
  }

  /** The token of a key's last grant that this peer knows of, lapsed or not. */
  #tokenOf(name: string): number | undefined {
    const table = boards.get(this.actor)?.replica.table
    const slot = table?.find(name as never) ?? -1
    return slot < 0 ? undefined : table?.epoch[slot]
  }
}
