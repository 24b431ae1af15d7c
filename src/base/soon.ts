/** A value that may be there at once: what is remembered needs no promise, of which every call would make dozens. */
export type Soon<T> = T | Promise<T>

/** Goes on with a value as soon as it is there, in the same breath when it is there already. */
export function after<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
