/**
 * Words that no committed file may hold: paths of the machine that somebody worked on, and the
 * names of registries, since the project is installed from whichever registry its user has set.
 */
import type { Source } from './sources.ts'

/** Put together here, so that this file does not hold them itself. */
const folders = ['work', 'home', 'root', 'Users', 'tmp/bash_jobs'].map((name) => `/${name}`)
const hosts = ['registry.npmjs', 'registry.yarnpkg', 'npm.pkg.github', 'npmmirror'].map(
  (name) => `${name}.`,
)

/** A path begins a word: `https://host/home` and `../work` are no paths of a machine. */
const paths = new RegExp(`(?<![\\w.:/~-])(${folders.join('|')})(?![\\w-])`)
const registries = new RegExp(hosts.join('|').replaceAll('.', '\\.'))

/** Every forbidden word of one file, in sentences that begin with the place. */
export function findWords({ path, text }: Source): string[] {
  return text.split('\n').flatMap((line, index) => {
    const place = `${path}:${index + 1}`
    const found: string[] = []
    const folder = paths.exec(line)?.[1]
    if (folder !== undefined) found.push(`${place} names the folder ${folder} of a machine.`)
    if (registries.test(line)) found.push(`${place} names the host of a registry.`)
    if (path.endsWith('package-lock.json') && line.includes('"resolved"')) {
      found.push(`${place} says where a package was loaded from.`)
    }
    return found
  })
}
