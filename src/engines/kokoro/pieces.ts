/** Signs that the network takes at once. */
export const PIECE_SIGNS_MAX = 400
/** A piece ends with the sentence from this length on: short ones sound hurried, long ones lose their melody. */
const PIECE_SIGNS_MIN = 120

const ENDS_SENTENCE = /[.!?…]["')]*$/

/** A clause without its end is cut between words when it is longer than the network takes. */
function cutLong(clause: string): string[] {
  const cuts: string[] = []
  let rest = clause
  while (rest.length > PIECE_SIGNS_MAX) {
    const blank = rest.lastIndexOf(' ', PIECE_SIGNS_MAX)
    const at = blank > 0 ? blank : PIECE_SIGNS_MAX
    cuts.push(rest.slice(0, at))
    rest = rest.slice(at).trimStart()
  }
  return [...cuts, rest]
}

/** Cuts signs into pieces that the network can say: whole sentences where possible, else clauses, else words. */
export function pieces(signs: string): string[] {
  const clauses = signs.match(/[^.!?…;:,—]*[.!?…;:,—]+["')]*\s*|[^.!?…;:,—]+$/g) ?? []
  const found: string[] = []
  let piece = ''
  const close = (): void => {
    if (piece.trim() !== '') found.push(piece.trim())
    piece = ''
  }
  for (const clause of clauses.flatMap(cutLong)) {
    if (piece.length + clause.length > PIECE_SIGNS_MAX) close()
    piece += piece === '' || /\s$/.test(piece) ? clause : ` ${clause}`
    if (piece.length >= PIECE_SIGNS_MIN && ENDS_SENTENCE.test(piece.trim())) close()
  }
  close()
  return found
}
