import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { farthest, mayTell, type Place, placeOf, portOf } from '../../machines/rules/place.ts'

const places = suite('rules/place: where an address leads')

const KNOWN: Readonly<Record<Place, readonly string[]>> = {
  loopback: [
    ...['tcp://127.0.0.1:4444', 'tls://127.255.255.254:4444', 'tcp://[::1]:4444'],
    ...['tcp://localhost:4444', 'tcp://LOCALHOST:1', 'tcp://any.localhost.:1'],
    ...['tcp://[::ffff:127.0.0.1]:1', 'tcp://[::ffff:7f00:1]:1', 'tcp://[0:0:0:0:0:0:0:1]:1'],
  ],
  private: [
    ...['tcp://10.0.0.1:4444', 'tcp://172.16.0.1:1', 'tcp://172.31.255.255:1'],
    ...['tcp://192.168.1.1:1', 'tcp://100.64.0.1:1', 'tcp://[fd00::1]:1'],
    ...['tcp://[::ffff:10.1.2.3]:1', 'tcp://[fc00::1%eth0]:1'],
  ],
  public: [
    ...['tcp://8.8.8.8:1', 'tcp://172.32.0.1:1', 'tcp://100.128.0.1:1', 'tcp://192.167.1.1:1'],
    ...['tcp://[2606:4700::1111]:1', 'tcp://[64:ff9b::8.8.8.8]:1', 'tcp://[2002:808:808::1]:1'],
  ],
  name: ['tls://peer.example.org:4444', 'sim://alice', 'tcp://metadata:1', 'ws://a.b/path'],
  nowhere: [
    // This network, link-local with the metadata of clouds, multicast, broadcast.
    ...['tcp://0.0.0.0:1', 'tcp://169.254.169.254:8080', 'tcp://224.0.0.1:1', 'tcp://[::]:1'],
    ...['tcp://255.255.255.255:1', 'tcp://240.0.0.1:1', 'tcp://[ff02::1]:1', 'tcp://[fe80::1]:1'],
    ...['tcp://[fe80::1%eth0]:1', 'tcp://[fec0::1]:1', 'tcp://[::ffff:169.254.169.254]:1'],
    // Numbers that the system takes for 127.0.0.1 or another one, and text that is none.
    ...['tcp://127.1:1', 'tcp://2130706433:1', 'tcp://0x7f000001:1', 'tcp://0177.0.0.1:1'],
    ...['tcp://127.0.0.1.:1', 'tcp://256.1.1.1:1', 'tcp://1.2.3.4.5:1', 'tcp://:1'],
    // What is inside of another address: of IPv4, behind NAT64, behind 6to4.
    ...['tcp://[::127.0.0.1]:1', 'tcp://[64:ff9b::7f00:1]:1', 'tcp://[2002:7f00:1::]:1'],
    ...['tcp://[1::2::3]:1', 'tcp://[12345::]:1', 'tcp://[1:2:3]:1', 'tcp://[]:1'],
  ],
}

for (const [place, addresses] of Object.entries(KNOWN)) {
  for (const address of addresses) {
    places(`${address}: ${place}`, () => assert.is(placeOf(address), place))
  }
}

places('nobody tells of what is nearer than itself', () => {
  const all: readonly Place[] = ['loopback', 'private', 'public', 'name', 'nowhere']
  const told = (teller: Place) => all.filter((each) => mayTell({ told: each, teller }))
  assert.equal(told('loopback'), ['loopback', 'private', 'public', 'name'])
  assert.equal(told('private'), ['private', 'public', 'name'])
  for (const teller of ['public', 'name', 'nowhere'] as const) {
    assert.equal(told(teller), ['public', 'name'])
  }
})

places('the farthest of some places', () => {
  assert.is(farthest([]), 'loopback')
  assert.is(farthest(['loopback', 'public', 'private']), 'public')
})

places('the port of an address', () => {
  const ports = ['tcp://a:22', 'tcp://[::1]:80', 'ws://a:8080/path?x=1', 'sim://a', 'tcp://[::1]']
  assert.equal(ports.map(portOf), [22, 80, 8080, undefined, undefined])
})

places.run()
