/** `../diagnostics.ts` for a browser, which has no channels: nobody can listen there. */

import type * as diagnostics from '../diagnostics.ts'

export const areChangesPublished: typeof diagnostics.areChangesPublished = () => false

export const publish: typeof diagnostics.publish = () => {}
