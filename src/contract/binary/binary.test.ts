import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  ConceptSchema,
  type Data,
  DataSchema,
  EmbeddingSchema,
  GetUserRequestSchema,
  ImageSchema,
  MultiInputResponseSchema,
  UserSchema,
} from '../index.ts'
import { decodeMessage, encodeMessage } from './index.ts'
import { MAX_DEPTH, MAX_MESSAGES, MAX_STRUCT_MERGES } from './reader.ts'
import { allMessageTypes, randomMessage, seededRandom } from './test-support.ts'

const ROUNDS = 4
const DEPTH = 3

const types = allMessageTypes()

function forEachRandom(check: (desc: DescMessage, message: Message, random: () => number, name: string) => void): void {
  for (const [index, desc] of types.entries()) {
    for (let round = 0; round < ROUNDS; round++) {
      const seed = index * ROUNDS + round + 1
      const random = seededRandom(seed)
      check(desc, randomMessage(desc, random, DEPTH), random, `${desc.typeName}, seed ${seed}`)
    }
  }
}

test('every message type: bytes are those of protobuf-es, and both read them alike', () => {
  assert.ok(types.length > 700)
  forEachRandom((desc, message, _random, name) => {
    const expected = Buffer.from(toBinary(desc, message))
    assert.deepEqual(encodeMessage(desc, message), expected, name)
    assert.deepEqual(decodeMessage(desc, expected), fromBinary(desc, expected), name)
  })
})

test('an empty message is what protobuf-es creates', () => {
  for (const desc of types) {
    const empty = decodeMessage(desc, Buffer.alloc(0))
    assert.deepEqual(empty, create(desc))
    assert.deepEqual(Object.keys(empty), Object.keys(create(desc)))
    assert.equal(encodeMessage(desc, empty).length, 0)
  }
})

test('messages that come in two parts are merged as protobuf-es merges them', () => {
  forEachRandom((desc, message, random, name) => {
    const other = randomMessage(desc, random, DEPTH)
    const bytes = Buffer.concat([toBinary(desc, message), toBinary(desc, other)])
    assert.deepEqual(decodeMessage(desc, bytes), fromBinary(desc, bytes), name)
  })
})

test('fields that are not in the contract are dropped, wherever they are', () => {
  const unknown = new BinaryWriter()
    .tag(5000, WireType.Varint)
    .uint64(2n ** 64n - 1n)
    .tag(5001, WireType.Bit32)
    .fixed32(1)
    .tag(5002, WireType.Bit64)
    .fixed64(1n)
    .tag(5003, WireType.LengthDelimited)
    .string('skipped')
    .tag(5004, WireType.StartGroup)
    .tag(1, WireType.StartGroup)
    .tag(1, WireType.EndGroup)
    .tag(2, WireType.Varint)
    .uint32(3)
    .tag(5004, WireType.EndGroup)
    .finish()
  forEachRandom((desc, message, _random, name) => {
    const bytes = toBinary(desc, message)
    const both = Buffer.concat([unknown, bytes, unknown])
    assert.deepEqual(decodeMessage(desc, both), decodeMessage(desc, Buffer.from(bytes)), name)
  })
})

test('repeated numbers may come packed, one by one, or both', () => {
  const bytes = new BinaryWriter()
    .tag(1, WireType.Bit32)
    .float(1)
    .tag(1, WireType.LengthDelimited)
    .fork()
    .float(2)
    .float(3)
    .join()
    .tag(1, WireType.Bit32)
    .float(4)
    .finish()
  assert.deepEqual((decodeMessage(EmbeddingSchema, bytes) as Message & { vector: number[] }).vector, [1, 2, 3, 4])
})

test('a field that comes with another wire type than its own is dropped', () => {
  const bytes = new BinaryWriter()
    .tag(1, WireType.Varint)
    .uint32(7)
    .tag(2, WireType.LengthDelimited)
    .string('n')
    .finish()
  assert.deepEqual(decodeMessage(ConceptSchema, bytes), create(ConceptSchema, { name: 'n' }))
})

test('bytes are views of what was decoded', () => {
  const message = create(ImageSchema, { base64: Buffer.from([1, 2, 3]) })
  const bytes = Buffer.from(toBinary(ImageSchema, message))
  const decoded = decodeMessage(ImageSchema, bytes) as typeof message
  assert.equal(decoded.base64.buffer, bytes.buffer)
  const plain = new Uint8Array(bytes)
  const fromPlain = decodeMessage(ImageSchema, plain) as typeof message
  assert.equal(fromPlain.base64.buffer, plain.buffer)
})

test('mutated bytes are read or refused, never more', () => {
  let refused = 0
  forEachRandom((desc, message, random, name) => {
    const bytes = Buffer.from(toBinary(desc, message))
    if (bytes.length === 0) return
    for (let i = 0; i < 4; i++) {
      const mutant = Buffer.from(bytes)
      for (let j = 0; j <= i; j++) mutant[Math.floor(random() * mutant.length)] = Math.floor(random() * 256)
      const cut = random() < 0.3 ? mutant.subarray(0, Math.floor(random() * mutant.length)) : mutant
      let decoded: Message
      try {
        decoded = decodeMessage(desc, cut)
      } catch (error) {
        refused++
        assert.ok(error instanceof Error, name)
        assert.doesNotMatch(error.message, /undefined|call stack|not a function/, name)
        continue
      }
      // What was understood is a proper message: it survives a round trip.
      const again = encodeMessage(desc, decoded)
      assert.deepEqual(encodeMessage(desc, decodeMessage(desc, again)), again, name)
    }
  })
  assert.ok(refused > 100)
})

test('random bytes are read or refused', () => {
  const random = seededRandom(99)
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)))
    const desc = types[Math.floor(random() * types.length)] as DescMessage
    try {
      decodeMessage(desc, bytes)
    } catch (error) {
      assert.ok(error instanceof Error)
      assert.doesNotMatch(error.message, /undefined|call stack|not a function/)
    }
  }
})

test('broken bytes of every kind are refused', () => {
  const broken: Record<string, number[]> = {
    'cut tag': [0x80],
    'tag of field 0': [0x00, 0x00],
    'cut varint': [0x18, 0x80],
    'varint of eleven bytes': [0x18, ...Array(10).fill(0x80), 1],
    'string longer than the message': [0x0a, 0x05, 0x61],
    'length of 4 GiB': [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    'string that is not UTF-8': [0x0a, 0x02, 0xc3, 0x28],
    'long string that is not UTF-8': [0x0a, 0x20, ...Array(31).fill(0x61), 0xff],
    'cut float': [0x1d, 0, 0],
    'end of a group that did not begin': [0x0c],
    'group without end': [0xa3, 0x06],
    'group with the wrong end': [0xa3, 0x06, 0xac, 0x06],
    'wire type 6': [0x0e],
  }
  for (const [name, bytes] of Object.entries(broken)) {
    assert.throws(() => decodeMessage(ConceptSchema, Buffer.from(bytes)), Error, name)
  }
  // A child may not take bytes of its parent.
  assert.throws(() => decodeMessage(DataSchema, Buffer.from([0x0a, 0x02, 0x0a, 0x05, 1, 2, 3, 4, 5])), /past the end/)
})

test('messages and groups nested too deeply are refused without exhausting the stack', () => {
  const list = types.find((desc) => desc.typeName === 'google.protobuf.ListValue') as DescMessage
  const nested = (levels: number): Uint8Array => {
    let bytes = new Uint8Array(0)
    for (let i = 0; i < levels; i++) {
      const wrapped = new BinaryWriter()
        .tag(i % 2 === 0 ? 6 : 1, WireType.LengthDelimited)
        .bytes(bytes)
        .finish()
      bytes = new Uint8Array(wrapped)
    }
    return bytes
  }
  decodeMessage(list, nested(MAX_DEPTH - 2))
  assert.throws(() => decodeMessage(list, nested(MAX_DEPTH + 2)), /nested too deeply/)
  assert.throws(() => decodeMessage(list, Buffer.alloc(100_000, (5000 << 3) | 3)), Error)
  assert.throws(() => decodeMessage(GetUserRequestSchema, Buffer.alloc(100_000, 0x7b)), /nested too deeply/)
})

test('what cannot be encoded is refused, and the next message is not touched by it', () => {
  const image = create(ImageSchema, { url: 'u' })
  assert.throws(() => encodeMessage(ConceptSchema, image), /not a clarifai.api.Concept/)
  const user = create(UserSchema, { id: 'user' })
  const wrong = create(MultiInputResponseSchema, { status: { code: 1.5 as never, details: 'written before it fails' } })
  assert.throws(() => encodeMessage(MultiInputResponseSchema, wrong), /1.5 is not an int32/)
  assert.deepEqual(encodeMessage(UserSchema, user), Buffer.from(toBinary(UserSchema, user)))
})

test('room is left in front, and one answer does not overwrite another', () => {
  const first = encodeMessage(UserSchema, create(UserSchema, { id: 'first' }), 5)
  const copy = Buffer.from(first)
  const second = encodeMessage(UserSchema, create(UserSchema, { id: 'other' }), 0)
  assert.deepEqual(first.subarray(5), Buffer.from(toBinary(UserSchema, create(UserSchema, { id: 'first' }))))
  assert.deepEqual(first, copy)
  assert.deepEqual(decodeMessage(UserSchema, second), create(UserSchema, { id: 'other' }))
})

test('large messages, whatever they are made of', () => {
  const image = (size: number) => ({ data: { image: { base64: Buffer.alloc(size, size & 255) } } })
  const cases = [
    [image(3_000_000)],
    Array.from({ length: 20_000 }, (_, i) => ({ id: `input-${i}` })),
    [image(60_000), image(70_000), image(200_000), image(1)],
    [{ data: { text: { raw: 'ж'.repeat(400_000) } } }],
    [{ data: { embeddings: [{ vector: Array.from({ length: 100_000 }, (_, i) => Math.fround(i / 7)) }] } }],
  ]
  for (const inputs of cases) {
    const message = create(MultiInputResponseSchema, { inputs })
    const bytes = encodeMessage(MultiInputResponseSchema, message, 5).subarray(5)
    assert.equal(bytes.equals(toBinary(MultiInputResponseSchema, message)), true)
    assert.deepEqual(decodeMessage(MultiInputResponseSchema, bytes), fromBinary(MultiInputResponseSchema, bytes))
  }
})

test('more messages than allowed are refused, however small they are', () => {
  const concepts = (count: number): Buffer => {
    const one = Buffer.from(toBinary(DataSchema, create(DataSchema, { concepts: [{}] })))
    return Buffer.concat(Array<Buffer>(count).fill(one))
  }
  assert.equal((decodeMessage(DataSchema, concepts(MAX_MESSAGES - 1)) as Data).concepts.length, MAX_MESSAGES - 1)
  assert.throws(() => decodeMessage(DataSchema, concepts(MAX_MESSAGES)), /more than 1000000 messages/)
})

test('a Struct in pieces is put together, in too many it is refused', () => {
  const pieces = (count: number): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, i) =>
        Buffer.from(toBinary(DataSchema, create(DataSchema, { metadata: { [`key${i}`]: i } }))),
      ),
    )
  const most = MAX_STRUCT_MERGES + 1
  assert.equal(Object.keys((decodeMessage(DataSchema, pieces(most)) as Data).metadata!).length, most)
  assert.throws(() => decodeMessage(DataSchema, pieces(most + 1)), /too many pieces/)
})
