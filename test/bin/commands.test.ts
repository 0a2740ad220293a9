import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { helpOf } from '../../bin/command.ts'
import { COMMANDS } from '../../bin/commands.ts'
import { EXIT } from '../../bin/exit.ts'
import { type Ended, Hut, type Stay } from './hut.ts'

/** Real processes on loopback TCP: a peer that stays, and visitors, as people type them. */
const commands = suite('holdfast, the commands')

/** Those that are not run here, since they stay or need more than one program; and where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  up: 'this file starts one, and test/bin/panel.test.ts looks at it',
  run: 'test/bin/run.test.ts',
  demo: 'test/examples/demo.test.ts',
  inspect: 'test/bin/inspect.test.ts',
}

let hut: Hut
let peer: Stay

commands.before(async () => {
  hut = await Hut.build()
  peer = hut.stay('up', '--json', '--peer-id', 'hut', '--listen', hut.address)
  await peer.says('"event":"listening"')
})

commands.after(() => hut.end())

/** What was typed ends like this. */
async function type(line: string, code = 0): Promise<Ended> {
  const ended = await hut.type(line)
  assert.is(ended.code, code, `${line}\n${ended.output}${ended.errors}`)
  return ended
}

const happenings = () =>
  peer.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

commands('a peer with a key in a file is who it was when it comes again', async () => {
  const ids: string[] = []
  for (let round = 0; round < 2; round++) {
    const identity = join(hut.folder, 'key')
    const guest = hut.stay('up', '--json', '--identity', identity, '--join', hut.address)
    await guest.says('"event":"connect"')
    ids.push(JSON.parse(guest.output.split('\n')[0] as string).peerId)
    guest.signal('SIGTERM')
    await guest.exited
  }
  assert.is(ids[0], ids[1])
  assert.ok(happenings().some(({ event, peerId }) => event === 'connect' && peerId === ids[0]))
})

commands('what one visitor writes the next one reads, overwrites and removes', async () => {
  await type('holdfast set door open')
  assert.is((await type('holdfast get door')).output, 'open\n')
  assert.is((await type('holdfast get door --json')).output, '"open"\n')
  await type('holdfast set door 7')
  const long = JSON.parse((await type('holdfast get door --long')).output)
  assert.equal(long, { key: 'door', value: 7, lease: null }, 'the last visitor left it free')
  assert.is((await type('holdfast pop door')).output, '7\n')
  const missing = await type('holdfast get door', EXIT.missing)
  assert.match(missing.errors, /holdfast: 'door' has no value\./)
  const seen = happenings().filter(({ key }) => key === 'door')
  assert.equal(
    seen.map(({ event, value }) => [event, value]),
    [
      ['update', 'open'],
      ['update', 7],
      ['delete', undefined],
    ],
  )
})

commands('a lease outlasts the visit, and only its owner writes meanwhile', async () => {
  await type('holdfast set shift alice --lease 1h --peer-id alice')
  const refused = await type('holdfast set shift bob', EXIT.busy)
  assert.match(refused.errors, /'shift' is held by alice, for .* wait with --wait TIME/)
  const [row] = (await type('holdfast leases --json')).output.trim().split('\n')
  const { key, owner, remainingMs } = JSON.parse(row ?? '')
  assert.equal([key, owner], ['shift', 'alice'])
  assert.ok(remainingMs > 3_500_000 && remainingMs <= 3_600_000, String(remainingMs))
  await type('holdfast delete shift --peer-id alice')
  await type('holdfast set here yes --ephemeral --lease 2s')
  assert.is((await type('holdfast get here')).output, 'yes\n')
  await peer.says(/"event":"expired","key":"here"/)
  await type('holdfast get here', EXIT.missing)
})

commands('who holds a key gives it back when it is interrupted', async () => {
  const hold = hut.stay('set', 'desk', 'mine', '--hold', '--lease', '30s', '--peer-id', 'carol')
  await hold.says(/holds desk under token \d/)
  await type('holdfast set desk yours', EXIT.busy)
  hold.signal('SIGINT')
  assert.is(await hold.exited, 130)
  await type('holdfast set desk yours --wait 5s')
  assert.is((await type('holdfast get desk')).output, 'yours\n')
})

commands('what is imported comes out again, and a bad line is told by its number', async () => {
  const lines = [
    '{"key":"in/a","value":{"$date":0}}',
    '["in/b", 2]',
    '',
    'nonsense',
    '["in/c", {"$bytes":"aGk="}]',
  ]
  const feed = `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} | holdfast import`
  const stopped = await type(feed, EXIT.data)
  assert.match(stopped.errors, /line 4: /)
  assert.is((await type('holdfast ls in/')).output, 'in/a\nin/b\n')
  const rest = await type(`${feed} --continue`, EXIT.data)
  assert.match(rest.errors, /line 4: (.|\n)*3 written, 1 not/)
  const exported = (await type('holdfast export in/')).output.trim().split('\n').sort()
  assert.equal(exported, [
    '{"key":"in/a","value":{"$date":0}}',
    '{"key":"in/b","value":2}',
    '{"key":"in/c","value":{"$bytes":"aGk="}}',
  ])
  await type('holdfast import nowhere.jsonl', EXIT.noInput)
})

commands('a reader that has enough ends a command without a word', async () => {
  const many = `printf '["many/%s", "${'0'.repeat(40)}"]\\n' $(seq 3000)`
  await type(`${many} | holdfast import`)
  const { output, errors } = await type('set -o pipefail; holdfast export many/ | head -n 1')
  assert.match(output, /^\{"key":"many\/1",.*\}\n$/)
  assert.is(errors, '')
})

commands('changes are printed as they come, until so many were', async () => {
  await type('holdfast set bell hangs')
  const watch = hut.stay('watch', 'bell', '--json', '--now', '--count', '3')
  await watch.says('hangs')
  await type('holdfast set bell rings')
  await type('holdfast delete bell')
  assert.is(await watch.exited, 0)
  const seen = watch.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event)
  assert.equal(seen, ['update', 'update', 'delete'])
})

commands('peers are listed, and doctor says which check fails', async () => {
  const peers = (await type('holdfast peers --json')).output.trim().split('\n')
  const [hutRow] = peers.map((line) => JSON.parse(line)).filter(({ peerId }) => peerId === 'hut')
  assert.is(hutRow?.state, 'connected')
  assert.equal(hutRow?.addresses, [hut.address])
  const sick = await hut.type('holdfast doctor --json --network elsewhere --listen tcp://no:port')
  assert.is(sick.code, EXIT.missing)
  const findings = sick.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const failed = findings.filter(({ ok, check }) => !ok && check !== 'clock')
  assert.equal(
    failed.map(({ check }) => check),
    ['address', 'network'],
  )
  assert.match(failed[1].advice, /NETWORK_MISMATCH: /)
  const well = await hut.type('holdfast doctor --json')
  const sound = well.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  // A machine that runs many tests at once may be too busy for its clock.
  assert.equal(
    sound.filter(({ ok, check }) => !ok && check !== 'clock'),
    [],
  )
  assert.ok(new Set(sound.map(({ check }) => check)).size >= 6)
})

commands('who finds nobody, or is in another network, is told what to do', async () => {
  const nobody = await hut.type('holdfast get door --join tcp://127.0.0.1:1 --timeout 2s')
  assert.is(nobody.code, EXIT.unavailable)
  assert.match(nobody.errors, /Nobody was reached\.(.|\n)*ECONNREFUSED(.|\n)*holdfast doctor/)
  const stranger = await type('holdfast get door --network elsewhere', EXIT.unavailable)
  assert.match(stranger.errors, /Use the same `network` at both peers/)
  const meant = await type('holdfast sett door open', EXIT.usage)
  assert.match(meant.errors, /no command 'sett'\. Did you mean 'set'\?/)
  await type('holdfast set', EXIT.usage)
  await type('holdfast get a b', EXIT.usage)
})

commands('colours follow NO_COLOR and FORCE_COLOR, and a pipe has none', async () => {
  const plain = (await type('holdfast ls -l')).output
  assert.not.match(plain, '\u001b')
  const coloured = await hut.type('holdfast ls -l', { FORCE_COLOR: '1' })
  assert.match(coloured.output, '\u001b[2mKEY')
})

commands('every example of every help text runs', async () => {
  await type('holdfast set lamp on')
  await type('holdfast export in/ > all.jsonl')
  for (const command of COMMANDS) {
    const { name, examples } = command
    assert.ok(examples.length > 0, name)
    assert.ok(examples.every(({ line }) => helpOf(command).includes(line)))
    if (name in ELSEWHERE) continue
    // Those before may have popped it.
    await type('holdfast set door open')
    for (const { line } of examples) await runExample(name, line)
  }
})

async function runExample(name: string, line: string): Promise<void> {
  const { code, output, errors } = await hut.type(line)
  // What the examples find depends on those before them, and doctor on the machine.
  const isFine = code === 0 || (name === 'doctor' && code === EXIT.missing)
  assert.ok(isFine, `${line} ends with ${code}: ${output}${errors}`)
}

commands('the first interruption leaves in good order', async () => {
  peer.signal('SIGTERM')
  assert.is(await peer.exited, 143)
  assert.is(peer.errors, '')
})

commands.run()
