/** One turn of a talk. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** How a model was trained to see a talk. */
export interface TalkForm {
  /** Stands before everything else. */
  readonly begin: string
  readonly turn: (role: Turn['role'], content: string) => string
  /** Asks for the next turn of the model. */
  readonly answer: string
  /** Tokens that end an answer. */
  readonly ends: readonly string[]
  /** What frames the parts of a talk; it must not come from outside. */
  readonly frames: readonly string[]
  /** Instructions of talks that bring none; empty for none. */
  readonly instructions: string
  readonly contextTokens: number
}

/** The ChatML form of Qwen, SmolLM and others. */
export const CHAT_ML: TalkForm = {
  begin: '',
  turn: (role, content) => `<|im_start|>${role}\n${content}<|im_end|>\n`,
  answer: '<|im_start|>assistant\n',
  ends: ['<|im_end|>', '<|endoftext|>'],
  frames: ['<|im_start|>', '<|im_end|>', '<|endoftext|>'],
  instructions: 'You are a helpful assistant.',
  contextTokens: 4_096,
}

/** The form of Zephyr, which TinyLlama talks in. */
export const ZEPHYR: TalkForm = {
  begin: '<s>',
  turn: (role, content) => `<|${role}|>\n${content}</s>\n`,
  answer: '<|assistant|>\n',
  ends: ['</s>'],
  frames: ['<s>', '</s>', '<|system|>', '<|user|>', '<|assistant|>'],
  instructions: '',
  contextTokens: 2_048,
}

/** The text that a model reads to answer a talk. */
export function promptOf(form: TalkForm, turns: readonly Turn[]): string {
  const plain = (text: string): string => form.frames.reduce((rest, frame) => rest.replaceAll(frame, ' '), text)
  const instructed = turns[0]?.role === 'system' || form.instructions === ''
  const all: readonly Turn[] = instructed ? turns : [{ role: 'system', content: form.instructions }, ...turns]
  return form.begin + all.map(({ role, content }) => form.turn(role, plain(content))).join('') + form.answer
}
