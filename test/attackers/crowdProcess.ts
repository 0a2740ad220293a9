/**
 * A crowd in a process of its own, so that its work is not counted as that of whom it attacks:
 * `crowdProcess.ts KIND ADDRESS SIZE`, started with a channel. Tells how often it dialled when it
 * is told to stop.
 */

import type { Crowd } from './crowds.ts'
import { ATTACKS } from './siege.ts'

const [kind = '', address = '', size = '0'] = process.argv.slice(2)
const crowd = (await ATTACKS[kind]?.(address, Number(size))) as Crowd
process.send?.('ready')
process.once('message', () => {
  crowd.stop()
  process.send?.(crowd.dialled, () => process.exit(0))
})
