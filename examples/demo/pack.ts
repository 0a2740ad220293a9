/** A step of the build: puts the data set of the demonstration beside its compiled programs. */

import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const FOLDER = 'dist/examples/demo'

const source = dirname(createRequire(import.meta.url).resolve('mime-db'))
copyFileSync(join(source, 'db.json'), join(FOLDER, 'media-types.json'))
// Its licence asks to go along with every copy.
copyFileSync(join(source, 'LICENSE'), join(FOLDER, 'media-types.LICENSE'))
