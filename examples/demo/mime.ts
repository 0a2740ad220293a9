/** The data set: every media type that the package mime-db knows, with what is known of it. */

import { createRequire } from 'node:module'

/** What mime-db tells of one media type. */
export interface MediaType {
  readonly source?: string
  readonly charset?: string
  readonly compressible?: boolean
  readonly extensions?: readonly string[]
}

const require = createRequire(import.meta.url)

/** All media types by name, about 2,500. */
export const mediaTypes = Object.entries(require('mime-db') as Record<string, MediaType>)

/** Every so manieth media type, beginning with that one: what one of several peers loads. */
export function shareOf({ part, parts }: { part: number; parts: number }): [string, MediaType][] {
  return mediaTypes.filter((_, index) => index % parts === part)
}
