// Damaged texts in many scripts and encodings: what is no UTF-8 is refused, and all that read texts take the rest.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { Tokenizer } from '@huggingface/tokenizers'
import { isAppError } from '../../src/base/errors.ts'
import type { LoadedEngine } from '../../src/engines/engine.ts'
import { Lexicon } from '../../src/engines/kokoro/lexicon.ts'
import { idsOf, phonemes } from '../../src/engines/kokoro/phonemes.ts'
import { PIECE_SIGNS_MAX, pieces } from '../../src/engines/kokoro/pieces.ts'
import { spoken } from '../../src/engines/kokoro/spoken.ts'
import { promptOf, ZEPHYR } from '../../src/engines/language-model/forms.ts'
import { createRegistry } from '../../src/engines/registry.ts'
import { itemOf, PLAIN } from '../../src/engines/test-weights.ts'
import { decodeText } from '../../src/media/resolve-input.ts'
import { convertCmudict } from '../../src/weights/convert/cmudict.ts'
import { readGguf } from '../../src/weights/convert/gguf.ts'
import { tokenizerOf } from '../../src/weights/convert/gguf-tokenizer.ts'
import { TinyLlama } from '../kit/weights/tiny-llama.ts'
import { type Mutant, mutant, type Sample } from './mutate.ts'
import { FACTOR, keep, SEED } from './settings.ts'

const TEXTS = 2_000 * FACTOR
/** Of the texts that are texts, every so many is given to the engines, which take longer. */
const ENGINE_EVERY = 4
/** Longer ones only take longer. */
const CHARS_MAX = 3_000

const SENTENCES =
  'The quick brown fox – “jumps” over 1,234.56 lazy dogs at 10:30 on the 3rd of May 1984, e.g. for $5.\n\nDr. Who?'
const SCRIPTS = `Größe, señor, Ελλάδα, Привет, мир! שלום עולם مرحبا 你好，世界。こんにちは 안녕하세요 ไทย हिन्दी 👩‍👩‍👧‍👦 é\u0301\u0300 \u202eback`
const ODD = 'a\u0000b\u0007c\ufeffd\u200be\u2028f\ufffdg\ud7ffh\ue000i\u{10ffff}j\t\r\n</s><|im_end|>[CLS]'

const utf16 = (text: string, bigEndian: boolean): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return bigEndian ? bytes.swap16() : bytes
}
const sample = (name: string, bytes: Buffer): Sample => ({ name, bytes, numbers: [bytes.length] })
const samples: readonly Sample[] = [
  sample('english', Buffer.from(SENTENCES.repeat(3))),
  sample('scripts', Buffer.from(SCRIPTS.repeat(2))),
  sample('odd', Buffer.from(ODD.repeat(3))),
  sample('with a mark', Buffer.from(`\ufeff${SENTENCES}`)),
  sample('long word', Buffer.from('antidisestablishmentarianism'.repeat(60))),
  sample('digits', Buffer.from('0123456789,.$£€%:-'.repeat(60))),
  sample('utf-16le', utf16(SENTENCES, false)),
  sample('utf-16be', utf16(SCRIPTS, true)),
  sample('latin-1', Buffer.from('Größe, señor, façade', 'latin1')),
  sample('html', Buffer.from(`<p title="x">${SENTENCES}</p>&amp;&#x1F600;<script>${SCRIPTS}</script>`)),
]

describe('damaged texts', () => {
  let lexicon: Lexicon
  let tokenizer: Tokenizer
  const engines: LoadedEngine[] = []

  before(async () => {
    const dictionary = convertCmudict('A.  EY1\nFOX  F AA1 K S\nDOG  D AO1 G\nBROWN  B R AW1 N\nTHE  DH AH0\n')
    lexicon = new Lexicon(dictionary.words.toString(), dictionary.letters.toString())
    const made = tokenizerOf(readGguf(new TinyLlama().file()))
    tokenizer = new Tokenizer(made.tokenizer, made.config)
    const registry = createRegistry()
    for (const name of ['vader-sentiment', 'entity-rules', 'language-id', 'profanity-rules']) {
      engines.push(await (await registry.find(name)).load({}))
    }
  })

  /** Everything of a text, as those that read it see it. */
  async function read(text: string, withEngines: boolean): Promise<void> {
    const signs = phonemes(spoken(text), lexicon)
    for (const piece of pieces(signs)) {
      assert.ok(piece.length <= PIECE_SIGNS_MAX && idsOf(piece).length <= piece.length)
    }
    assert.ok(!spoken(text).match(/[^A-Za-z';:,.!?—…"() ]/), 'only what can be said is left')
    const prompt = promptOf(ZEPHYR, [{ role: 'user', content: text }])
    assert.equal(prompt.split('</s>').length, 2, 'nobody from outside ends a turn')
    const { ids } = tokenizer.encode(prompt, { add_special_tokens: false })
    assert.equal(typeof tokenizer.decode(ids, { skip_special_tokens: true }), 'string')
    if (!withEngines) return
    for (const engine of engines) {
      try {
        const [data] = await engine.infer([itemOf({ text: { raw: text } })], PLAIN)
        for (const { value } of data!.concepts) assert.ok(value >= 0 && value <= 1)
      } catch (error) {
        if (!isAppError(error)) throw error
      }
    }
  }

  test('are refused as no UTF-8, or read by all', async (t) => {
    let fit = 0
    for (let at = 0; at < TEXTS; at++) {
      const damaged: Mutant = mutant(samples, SEED, at)
      let text: string
      try {
        text = decodeText(damaged.bytes)
      } catch (error) {
        if (!isAppError(error) || error.code !== 30101) assert.fail(`${error} for ${keep('text', damaged)}`)
        continue
      }
      assert.ok(text.isWellFormed())
      fit++
      try {
        await read(text.slice(0, CHARS_MAX), fit % ENGINE_EVERY === 0)
      } catch (error) {
        throw new Error(`${error} for ${keep('text', damaged)}`, { cause: error })
      }
    }
    t.diagnostic(`seed ${SEED}: ${fit} of ${TEXTS} are texts`)
    assert.ok(fit > TEXTS / 10 && fit < TEXTS)
  })
})
