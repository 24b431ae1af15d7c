import { type Label, plainLabel } from '../concepts.ts'

/** The COCO ids of the network's classes: class k (from 0) is COCO id k + 1, and some ids were never used. */
const NAMES_BY_COCO_ID: readonly (string | null)[] = [
  ...['person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat', 'traffic light'],
  ...['fire hydrant', null, 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep'],
  ...['cow', 'elephant', 'bear', 'zebra', 'giraffe', null, 'backpack', 'umbrella', null, null],
  ...['handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite', 'baseball bat'],
  ...['baseball glove', 'skateboard', 'surfboard', 'tennis racket', 'bottle', null, 'wine glass', 'cup', 'fork'],
  ...['knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot', 'hot dog', 'pizza'],
  ...['donut', 'cake', 'chair', 'couch', 'potted plant', 'bed', null, 'dining table', null, null, 'toilet', null],
  ...['tv', 'laptop', 'mouse', 'remote', 'keyboard', 'cell phone', 'microwave', 'oven', 'toaster', 'sink'],
  ...['refrigerator', null, 'book', 'clock', 'vase', 'scissors', 'teddy bear', 'hair drier', 'toothbrush'],
]

/** Ids under which existing clients know a class. */
const KNOWN_IDS: Readonly<Record<string, string>> = { train: 'ai_HLmqFqBf' }

/** Labels by class of the network (90 places, 80 used). */
export const COCO_LABELS: readonly (Label | undefined)[] = NAMES_BY_COCO_ID.map((name) =>
  name === null ? undefined : { ...plainLabel(name), ...(KNOWN_IDS[name] && { id: KNOWN_IDS[name] }) },
)
