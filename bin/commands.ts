/** All commands of holdfast, in the order in which help shows them. */

import type { Command } from './command.ts'
import { completionCommand } from './completion.ts'
import { deleteCommand } from './delete.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { exportCommand } from './export.ts'
import { getCommand } from './get.ts'
import { importCommand } from './import.ts'
import { inspectCommand } from './inspect.ts'
import { leasesCommand } from './leases.ts'
import { lsCommand } from './ls.ts'
import { peersCommand } from './peers.ts'
import { popCommand } from './pop.ts'
import { runCommand } from './run.ts'
import { secretCommand } from './secret.ts'
import { setCommand } from './set.ts'
import { upCommand } from './up.ts'
import { watchCommand } from './watch.ts'

const WITHOUT_COMPLETION: readonly Command[] = [
  upCommand,
  getCommand,
  setCommand,
  popCommand,
  deleteCommand,
  lsCommand,
  watchCommand,
  importCommand,
  exportCommand,
  peersCommand,
  leasesCommand,
  runCommand,
  inspectCommand,
  doctorCommand,
  secretCommand,
  demoCommand,
]

export const COMMANDS: readonly Command[] = [
  ...WITHOUT_COMPLETION,
  completionCommand(WITHOUT_COMPLETION),
]
