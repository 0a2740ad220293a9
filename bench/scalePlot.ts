/** The plot of `bench -- scale`, as an SVG file beside this one. */

import { writeFile } from 'node:fs/promises'
import { median } from './report.ts'
import type { Scaled, Spread } from './scale.ts'

const FILE = new URL('scale.svg', import.meta.url)
const [WIDTH, HEIGHT] = [860, 340]
/** The left panel, and the right one, in which all lines are drawn. */
const LEFT = { x: 60, y: 50, width: 300, height: 220 } as const
const RIGHT = { x: 500, y: 50, width: 320, height: 220 } as const
const COLOURS = ['#1b6ca8', '#d98200', '#b3261e', '#777777'] as const

type Panel = typeof LEFT | typeof RIGHT
type Point = readonly [x: number, y: number]

/** Draws what was found and resolves with the name of the file. */
export async function drawn(all: readonly Scaled[]): Promise<string> {
  const parts = [...payloadPanel(all), ...arrivalPanel(all)]
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"`
  const style = 'font-family="sans-serif" font-size="12" fill="#333333"'
  const ground = `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`
  const title = '<title>What a broadcast costs, and whom it has reached after how long</title>'
  await writeFile(FILE, [`${open} ${style}>`, title, ground, ...parts, '</svg>', ''].join('\n'))
  return 'bench/scale.svg'
}

/** Payloads over the size of the network. */
function payloadPanel(all: readonly Scaled[]): string[] {
  const sizes = [...new Set(all.map(({ peers }) => peers))].sort((one, other) => one - other)
  const top = 8
  const place = ([peers, payloads]: Point): Point => {
    const least = Math.log10(sizes[0] as number)
    const span = Math.log10(sizes.at(-1) as number) - least || 1
    const across = (Math.log10(peers) - least) / span
    return [LEFT.x + across * LEFT.width, LEFT.y + (1 - payloads / top) * LEFT.height]
  }
  const series = (pick: (each: Scaled) => Spread | undefined) =>
    sizes.map((peers): Point => {
      const found = all.filter((each) => each.peers === peers).map(pick)
      const payloads = found.flatMap((spread) => (spread === undefined ? [] : [spread.payloads]))
      return [peers, median(payloads)]
    })
  const dying = (each: Scaled) => (each.dead === 0.3 ? each.shocked : undefined)
  const lines: (readonly [string, string, Point[]])[] = [
    ['the first one: no tree yet', COLOURS[3], series(({ first }) => first)],
    ['30 % just died', COLOURS[2], series(dying)],
    ['on the tree', COLOURS[0], series(({ steady }) => steady)],
  ]
  return [
    ...frame(LEFT, 'Payloads sent for each peer and broadcast', 'peers'),
    ...[0, 1, 2, 4, 6, 8].flatMap((value) => row(LEFT, String(value), 1 - value / top)),
    ...sizes.map((peers) => column(LEFT, peers.toLocaleString('en'), place([peers, 0])[0])),
    ...lines.flatMap(([name, colour, points]) => {
      const last = place(points.at(-1) as Point)
      const label = text([last[0] - 4, last[1] - 7], name, `text-anchor="end" fill="${colour}"`)
      return [path(points.map(place), colour), label]
    }),
  ]
}

/** Who has a broadcast after how long, in the largest network. */
function arrivalPanel(all: readonly Scaled[]): string[] {
  const most = Math.max(...all.map(({ peers }) => peers))
  const lines = deadLines(all, most)
  const end = Math.max(...lines.map(({ spread, living }) => within(spread, living)))
  const topMs = Math.ceil(end / 500) * 500
  const place = ([ms, share]: Point): Point => [
    RIGHT.x + Math.min(1, ms / topMs) * RIGHT.width,
    RIGHT.y + (1 - share) * RIGHT.height,
  ]
  const steps = Array.from({ length: 101 }, (_, index) => (index * topMs) / 100)
  const share = ({ arrivals }: Spread, living: number, ms: number) =>
    Math.min(1, arrivals.filter((at) => at <= ms).length / living)
  return [
    ...frame(
      RIGHT,
      `${most.toLocaleString('en')} peers: who has a broadcast`,
      'ms after it was made',
    ),
    ...[0, 0.5, 1].flatMap((value) => row(RIGHT, `${100 * value} %`, 1 - value)),
    ...[0, 0.5, 1].map((part) => {
      return column(RIGHT, String(Math.round(part * topMs)), RIGHT.x + part * RIGHT.width)
    }),
    ...lines.flatMap(({ name, colour, spread, living }, index) => [
      path(
        steps.map((ms) => place([ms, share(spread, living, ms)])),
        colour,
      ),
      text(
        [RIGHT.x + RIGHT.width - 4, RIGHT.y + 150 + 18 * index],
        name,
        `text-anchor="end" fill="${colour}"`,
      ),
    ]),
  ]
}

function deadLines(all: readonly Scaled[], most: number) {
  const largest = all.filter(({ peers }) => peers === most)
  return [0, 0.1, 0.3].flatMap((dead, index) => {
    const found = largest.find((each) => each.dead === dead)
    const spread = dead === 0 ? found?.steady : found?.shocked
    if (spread === undefined) return []
    const living = Math.round(most * (1 - dead)) - 1
    return [
      {
        name: dead === 0 ? 'nobody died' : `${100 * dead} % just died`,
        colour: COLOURS[index] as string,
        spread,
        living,
      },
    ]
  })
}

/** When all but one in a thousand had it, in milliseconds. */
function within({ arrivals }: Spread, living: number): number {
  const sorted = [...arrivals].sort((one, other) => one - other)
  return sorted[Math.floor(Math.min(sorted.length, living) * 0.999) - 1] ?? 1
}

function frame({ x, y, width, height }: Panel, title: string, below: string): string[] {
  const box = `x="${x}" y="${y}" width="${width}" height="${height}"`
  return [
    `<rect ${box} fill="none" stroke="#999999"/>`,
    text([x, y - 16], title, 'font-size="14"'),
    text([x + width / 2, y + height + 38], below, 'text-anchor="middle"'),
  ]
}

function row({ x, y, width, height }: Panel, label: string, down: number): string[] {
  const at = y + down * height
  const line = `<path d="M${x} ${at}h${width}" stroke="#e4e4e4" fill="none"/>`
  return [line, text([x - 8, at + 4], label, 'text-anchor="end"')]
}

function column({ y, height }: Panel, label: string, at: number): string {
  return text([at, y + height + 18], label, 'text-anchor="middle"')
}

function path(points: readonly Point[], colour: string): string {
  const steps = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')
  return `<path d="M${steps}" fill="none" stroke="${colour}" stroke-width="2"/>`
}

function text([x, y]: Point, words: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${words}</text>`
}
