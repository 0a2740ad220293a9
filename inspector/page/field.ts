/** The forces between peers: where each is drawn. Goes on from where it was, so nothing jumps. */
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type Simulation,
  type SimulationNodeDatum,
} from 'd3-force'

export const SIZE = { width: 760, height: 520 }
/** Room for a peer with its name, in the field's own measure. */
const MARGIN = { side: 62, top: 44, bottom: 66 }
const TICKS_WITHOUT_MOTION = 240

export interface Spot extends SimulationNodeDatum {
  readonly id: string
  x: number
  y: number
}

export class Field {
  readonly #spots = new Map<string, Spot>()
  readonly #redraw: () => void
  #shape = ''
  #simulation: Simulation<Spot, undefined> | undefined

  constructor(redraw: () => void) {
    this.#redraw = redraw
  }

  /** Where the peers are; `pairs` are those that are connected. */
  arrange(ids: readonly string[], pairs: readonly (readonly [string, string])[]) {
    const shape = JSON.stringify([ids, pairs])
    if (shape !== this.#shape) {
      this.#shape = shape
      this.#start(ids, pairs)
    }
    return this.#spots
  }

  stop(): void {
    this.#simulation?.stop()
    this.#shape = ''
  }

  #start(ids: readonly string[], pairs: readonly (readonly [string, string])[]): void {
    for (const id of this.#spots.keys()) if (!ids.includes(id)) this.#spots.delete(id)
    for (const [index, id] of ids.entries()) {
      if (this.#spots.has(id)) continue
      const angle = (index / ids.length) * 2 * Math.PI - Math.PI / 2
      const x = SIZE.width / 2 + 190 * Math.cos(angle)
      this.#spots.set(id, { id, x, y: SIZE.height / 2 + 150 * Math.sin(angle) })
    }
    const links = pairs
      .filter((pair) => pair.every((id) => this.#spots.has(id)))
      .map(([source, target]) => ({ source, target }))
    this.#simulation?.stop()
    const link = forceLink<Spot, (typeof links)[number]>(links)
    this.#simulation = forceSimulation([...this.#spots.values()])
      .force(
        'link',
        link
          .id(({ id }) => id)
          .distance(190)
          .strength(0.2),
      )
      .force('charge', forceManyBody().strength(-1_500))
      .force('collide', forceCollide(64))
      .force('x', forceX(SIZE.width / 2).strength(0.06))
      .force('y', forceY(SIZE.height / 2).strength(0.11))
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#simulation.stop().tick(TICKS_WITHOUT_MOTION)
      this.#keepInside()
    } else this.#simulation.on('tick', () => this.#keepInside())
  }

  #keepInside(): void {
    for (const spot of this.#spots.values()) {
      spot.x = Math.min(SIZE.width - MARGIN.side, Math.max(MARGIN.side, spot.x))
      spot.y = Math.min(SIZE.height - MARGIN.bottom, Math.max(MARGIN.top, spot.y))
    }
    this.#redraw()
  }
}
