const MIB = 1024 * 1024
const GIB = 1024 * MIB

/** Largest package or model file that is taken, in bytes. */
export const PACKAGE_BYTES_MAX = 2 * GIB
/** Largest model file, unpacked, in bytes: what one protobuf message may have. */
export const MODEL_BYTES_MAX = 2 * GIB - 1
/** Most files in a package. */
export const PACKAGE_FILES_MAX = 1_000
/** A file of a package that unpacks to more than this times its packed size is a bomb; weights hardly get smaller. */
export const PACK_RATIO_MAX = 100
/** Unpacked size below which the ratio does not matter, in bytes. */
export const PACK_RATIO_FROM_BYTES = MIB
/** Largest config.pbtxt, in bytes. */
export const CONFIG_BYTES_MAX = MIB
/** Deepest nesting of config.pbtxt, and most values in it. */
export const CONFIG_DEPTH_MAX = 32
export const CONFIG_VALUES_MAX = 10_000
/** Largest file of labels, in bytes. */
export const LABELS_BYTES_MAX = 4 * MIB
/** Most labels, and longest label in characters. */
export const LABELS_MAX = 20_000
export const LABEL_LENGTH_MAX = 200

/** Versions of the ONNX operator set that the runtime knows. */
export const OPSET_MIN = 7
export const OPSET_MAX = 26
/** Most nodes of a model, those of inner graphs included. */
export const NODES_MAX = 200_000
/** Deepest nesting of graphs inside nodes. */
export const GRAPH_DEPTH_MAX = 16
/** Longest text that is looked at while a model is read, in bytes. */
export const ONNX_TEXT_BYTES_MAX = 64 * 1024

/** Time that unpacking and reading a package may take, in milliseconds. */
export const READ_MS_MAX = 120_000
/** Time that loading a model may take, in milliseconds. */
export const LOAD_MS_MAX = 120_000
/** Time that the test run of a model may take, in milliseconds. */
export const TEST_RUN_MS_MAX = 30_000
/** Memory that the check of a model may take beside the model itself, in bytes. */
export const CHECK_RSS_BYTES = GIB
/** How many times the size of its file a model may take in memory beyond that. */
export const CHECK_RSS_PER_FILE_BYTE = 3
/** Most memory that any check may take, in bytes. */
export const CHECK_RSS_BYTES_MAX = 4 * GIB
/** Niceness of the process that checks: nobody waits for it. */
export const CHECK_NICENESS = 10
/** Side of the square picture for the test run of a model that takes any size, in pixels. */
export const TEST_PICTURE_SIDE = 256
/** Milliseconds for writing an exported model and trying it. */
export const EXPORT_MS_MAX = 300_000
/** Most that a value of an exported model may differ from the running one. */
export const EXPORT_DIFFERENCE_MAX = 1e-5
/** Inputs that an exported model is tried on. */
export const EXPORT_TRIALS = 3
/** Side in pixels of the pictures that an exported model is tried on where it takes any. */
export const OPEN_SIDE_TRIED = 96
