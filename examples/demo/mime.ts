/**
 * The data set: every media type that the package mime-db knows, with what is known of it. The
 * built package has a copy, since its users do not have mime-db.
 */

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** What mime-db tells of one media type. */
export interface MediaType {
  readonly source?: string
  readonly charset?: string
  readonly compressible?: boolean
  readonly extensions?: readonly string[]
}

const require = createRequire(import.meta.url)
const COPY = fileURLToPath(new URL('./media-types.json', import.meta.url))

/** All media types by name, about 2,500. */
export const mediaTypes = Object.entries(readAll())

function readAll(): Record<string, MediaType> {
  return existsSync(COPY) ? JSON.parse(readFileSync(COPY, 'utf8')) : require('mime-db')
}

/** Every so manieth media type, beginning with that one: what one of several peers loads. */
export function shareOf({ part, parts }: { part: number; parts: number }): [string, MediaType][] {
  return mediaTypes.filter((_, index) => index % parts === part)
}
