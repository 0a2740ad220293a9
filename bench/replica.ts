/**
 * A process with one replica: `replica.ts SYSTEM NAME WAY`, where the system is `raw` or `holdfast`
 * and the way is JSON.
 */

import { obey } from './commands.ts'
import { HoldfastSystem } from './holdfastSystem.ts'
import { RawSystem } from './rawSystem.ts'
import type { Way } from './way.ts'

const [name = '', peer = '', way = '{}'] = process.argv.slice(2)
obey(name === 'raw' ? new RawSystem() : new HoldfastSystem(JSON.parse(way) as Way), peer)
