import type { ServerResponse } from 'node:http'
import type { ExtraHandler } from '../http/extra-routes.ts'
import type { Metrics } from './metrics.ts'

/** Whether the server can do its work, asked anew each time; a sentence says what is missing. */
export type Readiness = () => Promise<string | undefined>

function text(res: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  res.end(body)
}

/** The routes for operators: life, readiness, metrics. None needs a key. */
export function operatorRoutes(metrics: Metrics, readiness: Readiness): [string, ExtraHandler][] {
  return [
    ['/healthz', (_req, res) => text(res, 200, 'ok\n')],
    [
      '/readyz',
      async (_req, res) => {
        const lacking = await readiness()
        text(res, lacking === undefined ? 200 : 503, lacking === undefined ? 'ready\n' : `${lacking}\n`)
      },
    ],
    ['/metrics', async (_req, res) => text(res, 200, await metrics.text(), metrics.contentType)],
  ]
}
