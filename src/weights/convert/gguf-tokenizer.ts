/** The tokenizer inside a GGUF file of the Llama family, in the form of Hugging Face's tokenizer.json. */
import type { GgufFile, GgufValue } from './gguf.ts'

/** Kinds of tokens in the file. */
const CONTROL = 3
const UNKNOWN = 2
const BYTE = 6

const list = (value: GgufValue | undefined, what: string): GgufValue[] => {
  if (Array.isArray(value)) return value
  throw new Error(`the file has no ${what}`)
}

/** Pairs of tokens that make another one, in the order in which they are joined: by the score of what they make. */
function mergesOf(tokens: readonly string[], scores: readonly number[], kinds: readonly number[]): [string, string][] {
  const known = new Map(tokens.map((token, id) => [token, id]))
  const found: { pair: [string, string]; score: number; ids: [number, number] }[] = []
  for (const [id, token] of tokens.entries()) {
    if (kinds[id] === CONTROL || kinds[id] === UNKNOWN || kinds[id] === BYTE) continue
    const letters = [...token]
    let left = ''
    for (let cut = 1; cut < letters.length; cut++) {
      left += letters[cut - 1]
      const right = token.slice(left.length)
      const ids: [number | undefined, number | undefined] = [known.get(left), known.get(right)]
      if (ids[0] === undefined || ids[1] === undefined) continue
      found.push({ pair: [left, right], score: scores[id]!, ids: [ids[0], ids[1]] })
    }
  }
  found.sort((a, b) => b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1])
  return found.map(({ pair }) => pair)
}

/** Tokenizer and its configuration; throws when the file has one of another kind. */
export function tokenizerOf({ metadata }: GgufFile): { tokenizer: object; config: object } {
  const kind = metadata.get('tokenizer.ggml.model')
  if (kind !== 'llama') throw new Error(`the tokenizer is of the kind ${kind}, not llama`)
  const tokens = list(metadata.get('tokenizer.ggml.tokens'), 'tokens').map(String)
  const scores = list(metadata.get('tokenizer.ggml.scores'), 'scores of tokens').map(Number)
  const kinds = list(metadata.get('tokenizer.ggml.token_type'), 'kinds of tokens').map(Number)
  if (scores.length !== tokens.length || kinds.length !== tokens.length) throw new Error('the tokens are not whole')
  const token = (key: string): string | undefined => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`)
    return id === undefined ? undefined : tokens[Number(id)]
  }
  const special = tokens.flatMap((content, id) =>
    kinds[id] === CONTROL || kinds[id] === UNKNOWN ? [{ id, content, special: true, normalized: false }] : [],
  )
  const unknown = token('unknown') ?? '<unk>'
  const tokenizer = {
    added_tokens: special,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((text, id) => [text, id])),
      merges: mergesOf(tokens, scores, kinds),
    },
  }
  return { tokenizer, config: { bos_token: token('bos'), eos_token: token('eos'), unk_token: unknown } }
}
