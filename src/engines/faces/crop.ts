import type { ImageHandle, SquareRegion } from '../../media/image.ts'
import type { Face, Point } from './find.ts'

/** The square around a face, `scale` times its longer side, turned so that the eyes are level. */
export function faceSquare(face: Face, scale: number): SquareRegion {
  const [right, left] = face.points
  return {
    centerX: (face.left + face.right) / 2,
    centerY: (face.top + face.bottom) / 2,
    side: Math.max(face.right - face.left, face.bottom - face.top) * scale,
    angle: right && left ? Math.atan2(left.y - right.y, left.x - right.x) : 0,
  }
}

/** Cuts the square around a face out as size x size packed RGB, black outside of the picture. */
export function faceCrop(handle: ImageHandle, face: Face, scale: number, size: number): Promise<Uint8Array> {
  return handle.rotateCrop(faceSquare(face, scale), size)
}

/** Takes a place in a cut-out square of size x size pixels back to the picture. */
export function fromSquare({ centerX, centerY, side, angle }: SquareRegion, size: number, { x, y }: Point): Point {
  const [u, v] = [(x / size - 0.5) * side, (y / size - 0.5) * side]
  return {
    x: centerX + u * Math.cos(angle) - v * Math.sin(angle),
    y: centerY + u * Math.sin(angle) + v * Math.cos(angle),
  }
}
