/**
 * The floors of the house: which room may import what, and which words a room may not say.
 *
 * Types count as imports, and so do re-exports, `import('…')` in code and in types, `require` and
 * `import.meta.resolve`. A room that is not listed here may not hold a source file: whoever adds a
 * room adds its rule.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import { parse, place, type Source, walk } from './sources.ts'

interface Room {
  /** The files that this rule is for; the first rule that fits a path is the one that counts. */
  readonly files: RegExp
  /** Local files that may be imported, as paths from the top of the project. */
  readonly local: RegExp
  /** Packages that may be imported, as they are written. */
  readonly packages: RegExp
  /** True where only imports and re-exports may stand. */
  readonly doorway?: true
  /** True where no clock, no dice and no I/O may be named. */
  readonly pure?: true
}

const nothing = /^$/
const anything = /./
/** The package itself by any of its doorways, or any other package. */
const doorways =
  /^holdfast(\/(machines|transport|simulation|inspector|react|keyv|cron))?$|^(?!holdfast(\/|$))/

const rooms: readonly Room[] = [
  { files: /^test\//, local: anything, packages: anything },
  { files: /^examples\//, local: /^examples\//, packages: doorways },
  // What an adapter is for, and no other package: the application brings it, or not.
  { files: /^adapters\/cron\.ts$/, local: nothing, packages: /^(holdfast|node-cron)$/ },
  { files: /^adapters\/keyv\.ts$/, local: nothing, packages: /^(holdfast|keyv)$/ },
  { files: /^adapters\/react\.ts$/, local: /^adapters\//, packages: /^(holdfast|react)$/ },
  { files: /^adapters\//, local: /^adapters\//, packages: /^(holdfast|xstate)$/ },
  { files: /^bench\//, local: /^bench\//, packages: doorways },
  { files: /^bin\//, local: /^bin\//, packages: doorways },
  {
    files: /^index\.ts$/,
    local: /^(actors|machines|transport)\//,
    packages: nothing,
    doorway: true,
  },
  {
    // Runs in a browser: nothing of Node, and of the other rooms what needs none either.
    files: /^inspector\/page\//,
    local: /^(inspector\/(page|message|world|history)|machines\/chart)[/.]/,
    packages: /^(preact(\/hooks)?|htm\/preact|@dagrejs\/dagre|d3-force)$/,
  },
  {
    files: /^inspector\/bundle\.ts$/,
    local: /^inspector\//,
    packages: /^(esbuild|node:.+)$/,
  },
  {
    files: /^inspector\//,
    local: /^(inspector|actors|machines|transport)\//,
    packages: /^(xstate(\/.+)?|ws|node:.+)$/,
  },
  {
    // What takes the place of a file for a browser: nothing of Node, but types of that file.
    files: /^transport\/browser\//,
    local: /^transport\/(browser\/|primitives\.ts$)/,
    packages: /^@noble\/(curves|hashes)\/.+\.js$/,
  },
  {
    files: /^actors\/browser\//,
    local: /^(actors\/(browser\/|\w+\.ts$)|machines\/rules\/)/,
    packages: nothing,
  },
  {
    files: /^actors\//,
    local: /^(actors|machines|transport)\//,
    packages: /^(xstate(\/.+)?|nanoid|node:.+)$/,
  },
  {
    files: /^transport\//,
    local: /^(transport|machines\/rules)\//,
    packages: /^(msgpackr|node:.+)$/,
  },
  { files: /^machines\/rules\//, local: /^machines\/rules\//, packages: nothing, pure: true },
  { files: /^machines\//, local: /^machines\//, packages: /^xstate(\/.+)?$/, pure: true },
]

const shapelessNames = /(^|\/)(utils?|helpers?|types?|misc|common)(\/|(\.[^/]+)?\.[cm]?tsx?$)/
const impureNames = new Set([
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
])

/** Every offence of one file, in sentences that begin with the place. Empty when all is well. */
export function findOffences(source: Source): string[] {
  const room = rooms.find(({ files }) => files.test(source.path))
  if (room === undefined) return [`${source.path} is in no room that floors.ts knows.`]
  const offences: string[] = []
  if (shapelessNames.test(source.path)) {
    offences.push(`${source.path} is named after no noun of the domain.`)
  }
  const file = parse(source)
  walk(file, (node) => {
    const offence =
      importOffence(node, { room, source }) ?? (room.pure ? impureOffence(node) : undefined)
    if (offence !== undefined) offences.push(`${place(source, node)} ${offence}`)
  })
  for (const statement of room.doorway ? file.statements : []) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) continue
    offences.push(`${place(source, statement)} does more than re-export.`)
  }
  return offences
}

function importOffence(
  node: ts.Node,
  { room, source }: { room: Room; source: Source },
): string | undefined {
  const specifier = importedBy(node)
  if (specifier === undefined) return undefined
  if (!ts.isStringLiteralLike(specifier)) {
    return room.local === anything ? undefined : 'imports what only running it can tell.'
  }
  const name = specifier.text
  if (!/^[./]/.test(name)) {
    return room.packages.test(name) ? undefined : `may not import the package "${name}".`
  }
  if (!/\.(ts|json)$/.test(name)) return `imports "${name}" without its ending.`
  const target = posix.normalize(posix.join(posix.dirname(source.path), name))
  return room.local.test(target) ? undefined : `may not import ${target}.`
}

/** The expression or literal that names a module, if this node imports one. */
function importedBy(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isExternalModuleReference(node)) return node.expression
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument
  }
  if (!ts.isCallExpression(node)) return undefined
  const called = node.expression
  const imports =
    called.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(called) && called.text === 'require') ||
    called.getText() === 'import.meta.resolve'
  return imports ? node.arguments[0] : undefined
}

/** Finds a clock, dice or I/O by its global name; comments, texts and members may use the words. */
function impureOffence(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node)) return undefined
  const { parent, text } = node
  if (ts.isTypeReferenceNode(parent)) return undefined
  if (isMemberName(node)) return undefined
  if (impureNames.has(text)) return `mentions ${text}; time and chance arrive on events.`
  if (text === 'Math' && isImpureUse(node, 'random')) return 'mentions Math.random.'
  if (text === 'Date' && isImpureUse(node, 'now')) return 'reads the clock through Date.'
  return undefined
}

/** `Math.max`, `new Date(ms)` and `instanceof Date` are plain; the rest may be clock or dice. */
function isImpureUse(node: ts.Identifier, member: 'random' | 'now'): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text === member
  if (ts.isNewExpression(parent)) return (parent.arguments ?? []).length === 0
  if (!ts.isBinaryExpression(parent)) return true
  return parent.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isQualifiedName(parent)) return parent.right === node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isMethodSignature(parent)) &&
    parent.name === node
  )
}
