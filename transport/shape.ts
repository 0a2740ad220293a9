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

/** How many elements are still to come on the levels around; used by one call at a time. */
const due = new Uint32Array(FRAME_DEPTH_MAX + 1)

/**
 * What is wrong with these bytes from `start` on; undefined if they may be decoded. Every frame
 * that comes in passes here, element by element, so the plain ones are stepped over by a look into
 * one table.
 */
export function shapeProblem(bytes: Uint8Array, start = 0): ShapeProblem | undefined {
  const end = bytes.length
  let at = start
  let depth = 0
  let elements = 0
  let left = 1
  for (;;) {
    while (left === 0) {
      if (depth === 0) return at === end ? undefined : 'frame.content'
      left = due[--depth] as number
    }
    if (at >= end) return 'frame.content'
    if (++elements > FRAME_ELEMENTS_MAX) return 'frame.elements'
    left--
    const size = SIZES[bytes[at] as number] as number
    if (size > 0) {
      at += size
      continue
    }
    if (size === 0) return 'frame.content'
    const length = lengthAt(bytes, at, size)
    if (size > ARRAY) {
      // What goes beyond the end is found there.
      at += 1 - size + length
      continue
    }
    at += 1 + ARRAY - size
    // Each item takes a byte at least, so a header that announces more than there is lies.
    if (length > end - at) return 'frame.content'
    if (depth === FRAME_DEPTH_MAX) return 'frame.depth'
    due[depth++] = left
    left = length
  }
}

/** What text, bytes or an array that begins here is long; what is cut off counts as endless. */
function lengthAt(bytes: Uint8Array, at: number, size: number): number {
  if (size === -1) return bytes[at + 1] ?? Number.POSITIVE_INFINITY
  if (size === ARRAY) return (bytes[at] as number) - 0x90
  let length = 0
  for (let each = 1; each <= (size > ARRAY ? -size : ARRAY - size); each++) {
    length = length * 256 + (bytes[at + each] ?? Number.POSITIVE_INFINITY)
  }
  return length
}

/** At this and below: an array, with the length in so many bytes less. */
const ARRAY = -8

/** The same from 0xc0 on. */
const LATER = [
  ...[1, 0, 1, 1, -1, -2, -4, 0, 0, 0, 5, 9, 2, 3, 5, 9],
  ...[2, 3, 5, 9, 0, 0, 0, 0, 0, -1, -2, -4, ARRAY - 2, ARRAY - 4, 0, 0],
]

/**
 * By the first byte: how many bytes there are in all, or below zero in how many bytes the length
 * is; 0 for maps, extensions and what is not in use.
 */
const SIZES = Int8Array.from({ length: 256 }, (_, head) => {
  if (head < 0x80 || head >= 0xe0) return 1
  if (head < 0x90) return 0
  if (head < 0xa0) return ARRAY
  return head < 0xc0 ? 1 + head - 0xa0 : (LATER[head - 0xc0] as number)
})
