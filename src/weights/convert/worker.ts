/** Worker thread that runs one conversion, so that the event loop of the server stays free. */
import { workerData } from 'node:worker_threads'
import { type ConversionJob, runConversion } from './run.ts'

await runConversion(workerData as ConversionJob)
