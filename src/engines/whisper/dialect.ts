/** The numbers that tokens have in a family of Whisper models. */
export interface Dialect {
  /** Ends a text; the tokens below stand for text. */
  readonly endOfText: number
  /** Begins every text. */
  readonly startOfText: number
  /** Says that the recording holds no speech. */
  readonly noSpeech: number
  /** Stands for the time 0 of the window; the tokens after it stand for later times, up to 30 s. */
  readonly firstTime: number
  /** All tokens that the network knows. */
  readonly tokens: number
  /** Of models for many languages: their codes, whose tokens follow `firstLanguage`, and the token that asks to write down. */
  readonly languages?: {
    readonly codes: readonly string[]
    readonly firstLanguage: number
    readonly writeDown: number
  }
}

/** Models for English. */
export const ENGLISH: Dialect = {
  endOfText: 50_256,
  startOfText: 50_257,
  noSpeech: 50_361,
  firstTime: 50_363,
  tokens: 51_864,
}

const CODES =
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su'

/** Models for 99 languages. */
export const MULTILINGUAL: Dialect = {
  endOfText: 50_257,
  startOfText: 50_258,
  noSpeech: 50_362,
  firstTime: 50_364,
  tokens: 51_865,
  languages: { codes: CODES.split(' '), firstLanguage: 50_259, writeDown: 50_359 },
}
