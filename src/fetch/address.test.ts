import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressPolicy, isPublicAddress } from './address.ts'
import { parseUrl } from './url.ts'

const NOT_PUBLIC = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.0.9', '169.254.169.254', '172.16.0.1'],
  ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.7'],
  ...['203.0.113.9', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', '::', '::1', '::127.0.0.1'],
  ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', '2002:7f00:1::'],
  ...['2001:0:7f00:1::', 'fc00::1', 'fd12::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001:db8::1'],
  ...['3fff::1', '100::1', '5f00::1', '4000::1', 'not an address', ''],
]

test('only addresses of the public internet count as public', () => {
  for (const address of NOT_PUBLIC) assert.equal(isPublicAddress(address), false, address)
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.equal(isPublicAddress(address), true, address)
  }
})

test('every spelling of a loopback address arrives as that address', () => {
  for (const spelling of [
    '2130706433',
    '0x7f000001',
    '017700000001',
    '127.1',
    '0x7f.0.0.1',
    '127.0.0.1.',
    '１２７.0.0.1',
  ]) {
    const { hostname } = parseUrl(`http://${spelling}/x`)
    assert.equal(isPublicAddress(hostname.replace(/\.$/, '')), false, `${spelling} became ${hostname}`)
    assert.match(hostname, /^127\.0\.0\.1/)
  }
})

test('an allow list opens hosts, ports, addresses and ranges, and nothing else', () => {
  const policy = addressPolicy([
    'Media.Internal',
    'files:8080',
    '10.1.0.0/16',
    '::1',
    '192.168.3.4',
    '[fd00::1]:90',
    ' ',
  ])
  assert.ok(policy.allowsHost('media.internal', 1))
  assert.ok(policy.allowsHost('media.internal.', 443))
  assert.ok(policy.allowsHost('files', 8080))
  assert.ok(!policy.allowsHost('files', 80))
  assert.ok(!policy.allowsHost('x.media.internal', 80))
  assert.ok(policy.allowsHost('[fd00::1]', 90))
  assert.ok(policy.allowsAddress('10.1.200.3'))
  assert.ok(policy.allowsAddress('::ffff:10.1.200.3'))
  assert.ok(!policy.allowsAddress('10.2.0.1'))
  assert.ok(policy.allowsAddress('::1'))
  assert.ok(policy.allowsAddress('192.168.3.4'))
  assert.ok(!policy.allowsAddress('192.168.3.5'))
  assert.ok(policy.allowsAddress('9.9.9.9'))
})

test('an unreadable entry of the allow list is named', () => {
  for (const entry of ['10.0.0.0/99', 'http://x', 'a b', 'x/y', 'user@host']) {
    assert.throws(() => addressPolicy([entry]), new RegExp(`LIMPID_FETCH_ALLOW: "${entry}"`))
  }
})
