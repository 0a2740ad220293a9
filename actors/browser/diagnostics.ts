/** `../diagnostics.ts` for a browser, which has no channels: nobody can listen there. */

import type * as diagnostics from '../diagnostics.ts'

export const arePublished: typeof diagnostics.arePublished = () => false

export const publish: typeof diagnostics.publish = () => {}
