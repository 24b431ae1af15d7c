/**
 * Collects what unloaded engines have left on the JavaScript side, where the process was started with `--expose-gc`.
 * V8 does not know how much memory outside of its heap hangs on a few small objects, and would wait with it.
 */
export function collectGarbage(): void {
  globalThis.gc?.()
}
