const NAMES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' })

/** English name of a language by its code (`de`, `zh-TW`), or undefined when there is no such language. */
export function languageName(code: string): string | undefined {
  try {
    return NAMES.of(code)
  } catch {
    // Not even the form of a code.
    return undefined
  }
}
