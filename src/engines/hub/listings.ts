import type { Listing } from '../registry.ts'

/** Engines of the models that are fetched from a hub on demand. */
export const HUB_LISTINGS: Readonly<Record<string, Listing>> = {
  'bge-embed': { weights: ['bge-small-en-v1-5'], load: async () => (await import('./sentence-embed.ts')).bgeEmbed },
  'birefnet-lite': { weights: ['birefnet-lite'], load: async () => (await import('./matte.ts')).birefnetLite },
  'clip-b32-embed': { weights: ['clip-vit-base-patch32'], load: async () => (await import('./clip.ts')).clipB32Embed },
  'clip-l14-embed': { weights: ['clip-vit-large-patch14'], load: async () => (await import('./clip.ts')).clipL14Embed },
  'clip-zero-shot': { weights: ['clip-vit-base-patch32'], load: async () => (await import('./clip.ts')).clipZeroShot },
  'distilbert-sst2': { weights: ['distilbert-sst2'], load: async () => (await import('./classify.ts')).distilbertSst2 },
  'e5-embed': { weights: ['multilingual-e5-small'], load: async () => (await import('./sentence-embed.ts')).e5Embed },
  'qwen2-5-0-5b': {
    weights: ['qwen2-5-0-5b-instruct'],
    load: async () => (await import('../language-model/engine.ts')).qwenInstruct,
    talks: true,
  },
  'rtdetr-r18': { weights: ['rtdetr-r18'], load: async () => (await import('./detect.ts')).rtdetrR18 },
  'smollm2-360m': {
    weights: ['smollm2-360m-instruct'],
    load: async () => (await import('../language-model/engine.ts')).smolInstruct,
    talks: true,
  },
  'toxic-bert': { weights: ['toxic-bert'], load: async () => (await import('./classify.ts')).toxicBert },
  'vit-imagenet': { weights: ['vit-base-patch16-224'], load: async () => (await import('./classify.ts')).vitImageNet },
  'yolox-s': { weights: ['yolox-s'], load: async () => (await import('./detect.ts')).yoloxS },
  'whisper-tiny': {
    weights: ['whisper-tiny', 'silero-vad'],
    load: async () => (await import('../whisper/engine.ts')).whisperTiny,
  },
  'whisper-base': {
    weights: ['whisper-base', 'silero-vad'],
    load: async () => (await import('../whisper/engine.ts')).whisperBase,
  },
  'whisper-small': {
    weights: ['whisper-small', 'silero-vad'],
    load: async () => (await import('../whisper/engine.ts')).whisperSmall,
  },
}
