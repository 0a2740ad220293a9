/**
 * The shape of a frame, looked over before anything is built from it: how deep it goes, how many
 * elements it has, and whether its headers tell the truth. Only what messages are made of may be in
 * it: arrays, numbers, text, bytes, booleans and nil; no map and no extension. It decodes nothing;
 * that is the codec's part.
 */

import { VALUE_DEPTH_MAX, VALUE_PARTS_MAX } from '../machines/rules/value.ts'

/**
 * The deepest nesting of a frame: the levels of a value, one for a bigint at the deepest, and those
 * of the message, the batch and its column of values around it.
 */
export const FRAME_DEPTH_MAX = VALUE_DEPTH_MAX + 4

/**
 * The most elements of a frame, over all levels. A value of as many parts as are allowed takes up
 * to three for each; a batch of many small ones, which is closed at 256 KiB, takes more with its
 * columns and writers.
 */
export const FRAME_ELEMENTS_MAX = 6 * VALUE_PARTS_MAX

/** What is wrong with a frame's shape: too deep, too much, or nothing that we ever send. */
export type ShapeProblem = 'frame.depth' | 'frame.elements' | 'frame.content'

/** How many elements are still to come on each level; used by one call at a time. */
const due = new Uint32Array(FRAME_DEPTH_MAX + 1)

/** What is wrong with the body of a frame; undefined if it may be decoded. */
export function shapeProblem(bytes: Uint8Array): ShapeProblem | undefined {
  const end = bytes.length
  let at = 0
  let depth = 0
  let elements = 0
  due[0] = 1
  for (;;) {
    while (due[depth] === 0) if (depth-- === 0) return at === end ? undefined : 'frame.content'
    if (at >= end) return 'frame.content'
    if (++elements > FRAME_ELEMENTS_MAX) return 'frame.elements'
    due[depth] = (due[depth] as number) - 1
    const head = bytes[at] as number
    if (head < 0x80 || head >= 0xe0) {
      at += 1
      continue
    }
    if (head >= 0xa0 && head < 0xc0) {
      at += 1 + head - 0xa0
      continue
    }
    const items = itemsAt(bytes, at, head)
    if (items === undefined) {
      const size = sizeAt(bytes, at, head)
      at += size
      if (size === 0 || at > end) return 'frame.content'
      continue
    }
    at += head < 0xa0 ? 1 : head === 0xdc ? 3 : 5
    // Each item takes a byte at least, so a header that announces more than there is lies.
    if (items > end - at) return 'frame.content'
    if (++depth > FRAME_DEPTH_MAX) return 'frame.depth'
    due[depth] = items
  }
}

/** How many items the array has that begins here; undefined if none begins here. */
function itemsAt(bytes: Uint8Array, at: number, head: number): number | undefined {
  if (head >= 0x90 && head < 0xa0) return head - 0x90
  if (head === 0xdc) return numberAt(bytes, at, 2)
  return head === 0xdd ? numberAt(bytes, at, 4) : undefined
}

/** How many bytes the scalar takes that begins here, header included; 0 if it is none of ours. */
function sizeAt(bytes: Uint8Array, at: number, head: number): number {
  if (head < 0xc0) return 0
  const size = SIZES[head - 0xc0] as number
  return size < 0 ? 1 - size + numberAt(bytes, at, -size) : size
}

/**
 * What follows the heads from 0xc0 on: how many bytes in all, or below zero in how many bytes the
 * length is; 0 for maps, extensions and what is not in use.
 */
const SIZES = [
  1, 0, 1, 1, -1, -2, -4, 0, 0, 0, 5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 0, 0, 0, 0, 0, -1, -2, -4, 0, 0, 0,
  0,
]

/** The number in so many bytes behind the head; what is cut off counts as endless. */
function numberAt(bytes: Uint8Array, at: number, size: number): number {
  let number = 0
  for (let each = 1; each <= size; each++) {
    const byte = bytes[at + each]
    if (byte === undefined) return Number.POSITIVE_INFINITY
    number = number * 256 + byte
  }
  return number
}
