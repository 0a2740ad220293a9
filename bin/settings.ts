/**
 * What a command is told beside its words: by flags, by variables of the environment, by a file,
 * in this order. The file is `holdfast.config.json` of the folder, or what `--config` names.
 */

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EXIT, Failure } from './exit.ts'
import type { Flags, Given } from './flag.ts'
import { nearest } from './nearest.ts'

/** The file that is read if it is there. */
export const CONFIG_NAME = 'holdfast.config.json'
/** Where peers of one machine meet when nothing else is said: HOLD on a telephone's keys. */
export const ADDRESS_DEFAULT = 'tcp://127.0.0.1:4653'

export interface Setting {
  /** Its name in the file. */
  readonly key: string
  readonly flag: string
  readonly variable: string
  /** True if it may have several values; separated by commas in a variable. */
  readonly isList: boolean
  /** What stands for the value, and what it means. */
  readonly value: string
  readonly help: string
}

/** All settings, in the order in which help and documents show them. */
export const SETTINGS = [
  setting('network', 'NAME', 'peers of another one are refused; default holdfast'),
  setting('join', 'ADDRESS', 'where another peer listens; may be repeated', true),
  setting('listen', 'ADDRESS', 'where this peer is to be dialled; may be repeated', true),
  setting('advertise', 'ADDRESS', 'where others can dial it, if that is elsewhere', true),
  setting('peerId', 'NAME', 'what this peer is called; default a fresh name each time'),
  setting('identity', 'PATH', 'a file with the key that this peer is known by; made if missing'),
  setting('secretFile', 'PATH', 'a file with the secret of the network'),
  setting('allow', 'PEER', 'who may be connected, and nobody else; may be repeated', true),
  setting('deny', 'PEER', 'who may not be connected; may be repeated', true),
  setting('timeout', 'TIME', 'how long to look for others, and to be confirmed; default 5s'),
] as const satisfies readonly Setting[]

export type SettingKey = (typeof SETTINGS)[number]['key']
export type Settings = Partial<Record<SettingKey, readonly string[]>>

/** The flags for some of the settings, and `--config`. */
export function settingFlags(...keys: readonly SettingKey[]): Flags {
  const chosen = SETTINGS.filter(({ key }) => keys.includes(key))
  const flags = chosen.map(({ flag, value, help, variable, isList }) => {
    const entry = { value, help: `${help} (${variable})`, ...(isList && { multiple: true }) }
    return [flag, entry] as const
  })
  const config = { value: 'PATH', help: `a file of settings (HOLDFAST_CONFIG; ${CONFIG_NAME})` }
  return { ...Object.fromEntries(flags), config } as Flags
}

interface Sources {
  readonly given: Given
  readonly environment: NodeJS.ProcessEnv
  /** Where the file is looked for. */
  readonly folder: string
}

/** What is set, each by the first source that says it. */
export function readSettings({ given, environment, folder }: Sources): Settings {
  const file = readFile(given.text('config') ?? environment.HOLDFAST_CONFIG, folder)
  const settings: Partial<Record<SettingKey, readonly string[]>> = {}
  for (const { key, flag, variable, isList } of SETTINGS) {
    const text = environment[variable]
    const fromVariable = text ? (isList ? listOf(text) : [text]) : undefined
    const flagged = given.list(flag) as readonly string[] | string | undefined
    const fromFlag = flagged === undefined ? undefined : [flagged].flat()
    const value = fromFlag ?? fromVariable ?? file[key]
    if (value !== undefined) settings[key] = value
  }
  return settings
}

/** Environment and folder of this process. */
export function surroundings(): Omit<Sources, 'given'> {
  return { environment: process.env, folder: process.cwd() }
}

function setting<Key extends string>(key: Key, value: string, help: string, isList = false) {
  const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const variable = `HOLDFAST_${flag.replaceAll('-', '_').toUpperCase()}`
  return { key, flag, variable, isList, value, help }
}

function listOf(text: string): string[] {
  return text.split(',').flatMap((each) => each.trim() || [])
}

function readFile(name: string | undefined, folder: string): Settings {
  const path = resolve(folder, name ?? CONFIG_NAME)
  if (name === undefined && !existsSync(path)) return {}
  const fail = (what: string): never => {
    throw new Failure(EXIT.usage, `${path} ${what}`)
  }
  let read: unknown
  try {
    read = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return fail(`is no JSON: ${error.message}`)
    return fail(`cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    return fail('must hold one object, such as {"join": ["tcp://first.example:7001"]}.')
  }
  const settings: Record<string, readonly string[]> = {}
  for (const [key, value] of Object.entries(read)) {
    const known = SETTINGS.find((each) => each.key === key)
    if (known === undefined) return fail(`has an unknown setting '${key}'.${meant(key)}`)
    const list = (known.isList ? [value].flat() : [value]) as unknown[]
    if (!list.every((each) => typeof each === 'string' && each !== '')) {
      return fail(`must give '${key}' as ${known.isList ? 'a list of texts' : 'a text'}.`)
    }
    settings[key] = list as string[]
  }
  return settings
}

function meant(key: string): string {
  const near = nearest(
    key,
    SETTINGS.map((each) => each.key),
  )
  return near === undefined ? '' : ` Did you mean '${near}'?`
}
