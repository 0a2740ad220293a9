/** The files of the project: what is committed or about to be, and nothing that a tool made. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'

/** A file of the project; its path starts at the top of the project and has `/` in it. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** The folders that git ignores; only asked where there is no git. */
const madeByTools = /(^|\/)(\.git|node_modules|dist|\.tmp)(\/|$)|\.tgz$/

/** All paths of the project. Run from its top folder. */
export function projectPaths(): string[] {
  return (pathsFromGit() ?? pathsFromFolder()).filter((path) => existsSync(path)).sort()
}

/** All files with one of these endings, read. */
export function readSources(...endings: readonly string[]): Source[] {
  return projectPaths()
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
}

export function parse({ path, text }: Source): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
}

/** `walk` meets every node of the tree, parents first. */
export function walk(node: ts.Node, meet: (node: ts.Node) => void): void {
  meet(node)
  ts.forEachChild(node, (child) => walk(child, meet))
}

/** `path:line`, as editors and terminals understand it. */
export function place(source: Source, node: ts.Node): string {
  const file = node.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
  return `${source.path}:${line + 1}`
}

function pathsFromGit(): string[] | undefined {
  // A checkout may belong to another user, as it does in many containers; reading it is harmless.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others']
  try {
    const listed = execFileSync('git', [...args, '--exclude-standard'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const paths = listed.split('\0').filter((path) => path !== '')
    return paths.includes('package.json') ? paths : undefined
  } catch {
    return undefined
  }
}

function pathsFromFolder(): string[] {
  return readdirSync('.', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/').replace(/^\.\//, ''))
    .filter((path) => !madeByTools.test(path))
}
