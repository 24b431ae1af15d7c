/** Text as a cell of a Markdown table takes it. */
export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** A cell in the type of code; nothing for nothing. */
export const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``)

/** A row of a Markdown table. */
export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
