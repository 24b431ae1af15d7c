import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { AwsClient } from 'aws4fetch'
import type { InputsDataSourceSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { tarOf, zipOf } from '../kit/archives.ts'
import { startAzure, startGcs, startS3Lists } from '../kit/bucket-servers.ts'
import { FileHost, makePlainApp } from '../kit/inputs.ts'
import { type S3Server, startS3 } from '../kit/s3-server.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Source = MessageInitShape<typeof InputsDataSourceSchema>
type Credentials = NonNullable<NonNullable<Source['url']>['credentials']>

const FILES: Record<string, Uint8Array> = {
  'images/abcOne.txt': Buffer.from('one'),
  'images/abc-1/two (2).txt': Buffer.from('two'),
  'images/abc-1/Data.zip': zipOf([
    { name: 'x/three.txt', bytes: 'three' },
    { name: 'four.txt', bytes: 'four' },
  ]),
  'images/abc-1/more.tar.gz': gzipSync(tarOf([{ name: 'five.txt', bytes: 'five' }])),
  'images/abc/': new Uint8Array(),
  'images/abc/.hidden': Buffer.from('x'),
  'images/abcSix.bin': Buffer.from([0, 1, 2]),
  'images/other.txt': Buffer.from('other'),
}
const EXPECTED = ['abc-1-Data-four', 'abc-1-Data-x-three', 'abc-1-more-five', 'abcOne']

describe('inputs from buckets', () => {
  let server: TestServer
  let s3: S3Server
  let gcs: Awaited<ReturnType<typeof startGcs>>
  let azure: Awaited<ReturnType<typeof startAzure>>
  let web: FileHost
  let app: TestApp
  let apps = 0
  let s3Creds: Credentials
  let gcpCreds: Credentials
  let azureCreds: Credentials

  before(async () => {
    s3 = await startS3()
    gcs = await startGcs('things')
    azure = await startAzure('account1', 'things')
    web = await FileHost.start()
    server = await startTestServer({ settings: { fetchAllow: '127.0.0.1', jsonNames: 'snake' } })
    const aws = new AwsClient({ accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', region: 'us-east-1', service: 's3' })
    for (const [name, bytes] of Object.entries(FILES)) {
      gcs.files.set(name, bytes)
      azure.files.set(name, bytes)
      const path = name.split('/').map(encodeURIComponent).join('/')
      const answer = await aws.fetch(`${s3.settings.url}/${path}`, {
        method: 'PUT',
        body: bytes as Uint8Array<ArrayBuffer>,
      })
      assert.equal(answer.status, 200, await answer.text())
    }
    const keys = { region: 'us-east-1', id: 'S3RVER', secret: 'S3RVER' }
    s3Creds = { credentials: { case: 's3Creds', value: keys } }
    gcpCreds = { credentials: { case: 'gcpCreds', value: gcs.creds } }
    const account = { accountName: 'account1', accountKey: azure.accountKey }
    azureCreds = { credentials: { case: 'azureBlobCreds', value: account } }
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await Promise.all([
      s3.close(),
      gcs[Symbol.asyncDispose](),
      azure[Symbol.asyncDispose](),
      web[Symbol.asyncDispose](),
    ])
  })

  const fresh = async (): Promise<void> => {
    app = await makePlainApp(server, `app-${apps++}`)
  }
  const post = (dataSources: Source[], callBackUrl = '') =>
    server.call('PostInputsDataSources', { userAppId: app.userAppId, dataSources, callBackUrl, appPat: 'ignored' })
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 20; n++) {
      await server.services.jobs.idle()
      await server.services.jobs.hurry()
    }
    await server.services.jobs.idle()
  }
  /** Posts one source and waits for its end; answers the extraction job. */
  const bringIn = async (url: string, credentials?: Credentials, more: Source = {}) => {
    const given = { ...more, url: { url, ...(credentials && { credentials }) } } as Source
    const { inputsAddJobs } = succeeded(await post([given]))
    await settle()
    return last(inputsAddJobs[0]!.extractionJobs[0]!.id)
  }
  const last = async (inputsExtractionJobId: string) =>
    succeeded(await server.call('GetInputsExtractionJob', { userAppId: app.userAppId, inputsExtractionJobId }))
      .inputsExtractionJob!
  const ids = async (): Promise<string[]> =>
    (await server.call('ListInputs', { userAppId: app.userAppId, perPage: 1000 })).inputs.map(({ id }) => id).sort()
  const codeOf = (thing: { status?: { code: number } } | undefined): string => StatusCode[thing?.status?.code ?? 0]!

  const providers = {
    S3: () => ({ url: `${s3.settings.url}/images/abc`, credentials: s3Creds }),
    'Google Cloud Storage': () => ({ url: `${gcs.url}/things/images/abc`, credentials: gcpCreds }),
    'Azure Blob Storage': () => ({ url: `${azure.url}/account1/things/images/abc`, credentials: azureCreds }),
  }
  for (const [name, make] of Object.entries(providers)) {
    test(`come from ${name}: what begins so, and what is in archives there`, {
      skip: name.includes('shared'),
    }, async () => {
      await fresh()
      const { url, credentials } = make()
      const job = await bringIn(url, credentials)
      assert.equal(codeOf(job), 'JOB_COMPLETED', job.status?.details)
      assert.match(job.status!.details, /abcSix\.bin/)
      assert.equal(job.url, url)
      assert.equal(job.progress?.textInputsCount, 5n)
      assert.equal(job.progress?.completedArchivesCount, 2n)
      const found = await ids()
      assert.deepEqual(
        found.filter((id) => EXPECTED.includes(id)),
        EXPECTED,
      )
      assert.equal(found.length, 5)
      assert.match(found.find((id) => id.startsWith('abc-1-two'))!, /^abc-1-two-2-[0-9a-f]{8}$/)
    })
  }

  test('are found however many pages a list of S3 has', async () => {
    await fresh()
    await using lists = await startS3Lists('many')
    // Hidden files are passed over, so that only the list is long.
    for (let n = 0; n < 2_110; n++) {
      const number = String(n).padStart(4, '0')
      lists.files.set(`pages/${number}/${n % 700 === 5 ? 'text' : '.h'}-${number}.txt`, Buffer.from(number))
    }
    const job = await bringIn(`${lists.url}/many/pages/`, s3Creds)
    assert.equal(codeOf(job), 'JOB_COMPLETED', job.status?.details)
    assert.equal(lists.asked.filter((path) => path.includes('list-type=2')).length, 3)
    assert.deepEqual(await ids(), ['0005-text-0005', '0705-text-0705', '1405-text-1405', '2105-text-2105'])
  })

  test('come from one archive without the right to list, and from any address', async () => {
    await fresh()
    gcs.fail = (path) => (path.includes('?prefix') ? 403 : undefined)
    const job = await bringIn(`${gcs.url}/things/images/abc-1/Data.zip`, gcpCreds)
    gcs.fail = () => undefined
    assert.equal(codeOf(job), 'JOB_COMPLETED')
    assert.deepEqual(await ids(), ['four', 'x-three'])
    web.files.set('/any.tgz', FILES['images/abc-1/more.tar.gz']!)
    web.files.set('/some%20words.txt', Buffer.from('words'))
    const plain = await bringIn(`${web.url}/any.tgz?secret=1`)
    assert.equal(plain.url, `${web.url}/any.tgz`)
    assert.equal(codeOf(await bringIn(`${web.url}/some%20words.txt`)), 'JOB_COMPLETED')
    assert.equal((await ids()).filter((id) => /^(five|some-words-)/.test(id)).length, 2)
    const missing = await bringIn(`${web.url}/nothing.zip`)
    assert.equal(codeOf(missing), 'ARCHIVE_EXTRACT_FAILED')
    assert.match(missing.status!.details, /404/)
  })

  test('are not listed with wrong credentials; nothing secret is kept or shown', async () => {
    await fresh()
    const wrong: [string, Credentials][] = [
      [
        `${s3.settings.url}/images`,
        { credentials: { case: 's3Creds', value: { region: 'us-east-1', id: 'S3RVER', secret: 'hunter2-secret' } } },
      ],
      [
        `${azure.url}/account1/things/`,
        { credentials: { case: 'azureBlobCreds', value: { accountName: 'account1', accountKey: 'aHVudGVyMg==' } } },
      ],
      [`${gcs.url}/elsewhere/`, gcpCreds],
    ]
    for (const [url, credentials] of wrong) {
      const job = await bringIn(url, credentials)
      assert.equal(codeOf(job), 'LIST_OBJECTS_FAILED', job.status?.details)
      assert.match(job.status!.details, /HTTP 40[34]/)
    }
    const { db } = server.services
    const rows = await db.read.selectFrom('inputs_extraction_jobs').selectAll().where('app_pk', '=', app.pk).execute()
    assert.ok(rows.every(({ sealed }) => sealed === ''))
    const jobs = await db.read.selectFrom('jobs').selectAll().where('app_pk', '=', app.pk).execute()
    assert.doesNotMatch(JSON.stringify([rows, jobs]), /hunter2|aHVudGVyMg|PRIVATE KEY/)
  })

  test('are tried again while the service fails, and passed over where one object stays away', async () => {
    await fresh()
    let failures = 3
    azure.fail = () => (failures-- > 0 ? 503 : undefined)
    const job = await bringIn(`${azure.url}/account1/things/images/abc`, azureCreds)
    assert.equal(codeOf(job), 'JOB_COMPLETED')
    assert.equal((await ids()).length, 5)

    await fresh()
    // By then the first archive is done: it is not taken a second time.
    let late = 2
    const asked = (): number => azure.asked.filter((path) => path.includes('Data.zip')).length
    const before = asked()
    azure.fail = (path) => (path.includes('more.tar.gz') && late-- > 0 ? 503 : undefined)
    const resumed = await bringIn(`${azure.url}/account1/things/images/abc`, azureCreds)
    assert.equal(resumed.progress?.textInputsCount, 5n)
    assert.equal(resumed.progress?.completedArchivesCount, 2n)
    assert.equal(asked() - before, 1)
    assert.doesNotMatch(resumed.status!.details, /duplicate/)

    await fresh()
    azure.fail = (path) => (path.includes('abcOne') ? 500 : path.includes('Data.zip') ? 404 : undefined)
    const holed = await bringIn(`${azure.url}/account1/things/images/abc`, azureCreds)
    azure.fail = () => undefined
    assert.equal(codeOf(holed), 'JOB_COMPLETED')
    assert.equal(holed.progress?.failedArchivesCount, 1n)
    assert.equal(holed.progress?.completedArchivesCount, 1n)
    assert.deepEqual(
      (await ids()).filter((id) => EXPECTED.includes(id)),
      ['abc-1-more-five'],
    )
    azure.fail = (path) => (path.includes('comp=list') ? 500 : undefined)
    const dead = await bringIn(`${azure.url}/account1/things/`, azureCreds)
    azure.fail = () => undefined
    assert.equal(codeOf(dead), 'LIST_OBJECTS_FAILED')
  })

  test('are fetched from the public internet alone, unless the operator allows more', async () => {
    await using closed = await startTestServer()
    const own = await makePlainApp(closed, 'closed')
    const before = gcs.asked.length
    const credentials = gcpCreds
    const { inputsAddJobs } = succeeded(
      await closed.call('PostInputsDataSources', {
        userAppId: own.userAppId,
        dataSources: [
          { url: { url: `${gcs.url}/things/`, credentials } },
          { url: { url: 'http://169.254.169.254/x.zip' } },
        ],
      }),
    )
    await closed.services.jobs.idle()
    for (const { id } of inputsAddJobs) {
      const { inputsAddJob } = await closed.call('GetInputsAddJob', { userAppId: own.userAppId, id })
      assert.equal(codeOf(inputsAddJob), 'JOB_FAILED')
      assert.match(inputsAddJob!.status!.details, /not on the public internet/)
    }
    assert.equal(gcs.asked.length, before)
  })

  test('tell a URL when all of them are processed, once for each add job', async () => {
    await fresh()
    const heard: { inputs_add_job: { id: string; status: { code: number }; progress: Record<string, string> } }[] = []
    const listener = createServer(async (req, res) => {
      heard.push(JSON.parse(await textOf(req)))
      res.writeHead(heard.length === 1 ? 503 : 200).end()
    })
    await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve))
    const callBack = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/heard`
    try {
      const url = { url: `${gcs.url}/things/images/abcOne`, credentials: gcpCreds }
      const { inputsAddJobs } = succeeded(
        await post(
          [
            { url, inputsAddJobId: 'told' },
            { url, inputsAddJobId: 'told' },
          ],
          callBack,
        ),
      )
      assert.equal(inputsAddJobs.length, 1)
      assert.equal(inputsAddJobs[0]!.callBackUrl, callBack)
      assert.equal(inputsAddJobs[0]!.extractionJobs.length, 2)
      assert.equal(inputsAddJobs[0]!.appPat, '')
      await settle()
      // The first time it was not well received.
      assert.equal(heard.length, 2)
      for (const { inputs_add_job: job } of heard) {
        assert.equal(job.id, 'told')
        assert.equal(job.status.code, StatusCode.JOB_COMPLETED)
        assert.equal(Number(job.progress.success_count ?? 0), 1)
        assert.equal(Number(job.progress.failed_count ?? 0), 1)
      }
    } finally {
      await new Promise((resolve) => void listener.close(resolve))
    }
  })

  test('are listed newest first; bad requests begin nothing', async () => {
    await fresh()
    const bad: [Source, StatusCode, RegExp][] = [
      [{}, StatusCode.INPUT_INVALID_ARGUMENT, /no url/],
      [{ url: { url: 'ftp://x/y' } }, StatusCode.INPUT_INVALID_URL, /http/],
      [{ url: { url: 's3://' } }, StatusCode.INPUT_INVALID_URL, /bucket/],
      [{ url: { url: 'gs://a/b%' } }, StatusCode.INPUT_INVALID_URL, /bucket/],
      [
        { url: { url: 'gs://bucket', credentials: { credentials: { case: 'gcpCreds', value: Buffer.from('{}') } } } },
        StatusCode.INPUT_INVALID_ARGUMENT,
        /service account/,
      ],
      [
        { url: { url: 's3://bucket', credentials: { credentials: { case: 's3Creds', value: { id: 'x' } } } } },
        StatusCode.INPUT_INVALID_ARGUMENT,
        /secret/,
      ],
      [
        {
          url: {
            url: 'https://x/y',
            credentials: { credentials: { case: 'azureBlobCreds', value: { accountName: 'a/b', accountKey: 'x' } } },
          },
        },
        StatusCode.INPUT_INVALID_ARGUMENT,
        /account_name/,
      ],
    ]
    const good = { url: { url: `${gcs.url}/things/images/abcOne`, credentials: gcpCreds } }
    for (const [source, code, says] of bad) refused(await post([good, source]), code, says)
    refused(await post([]), StatusCode.INPUT_INVALID_ARGUMENT)
    refused(await post([good], 'file:///etc/passwd'), StatusCode.INPUT_INVALID_URL)
    const list = async () =>
      succeeded(await server.call('ListInputsExtractionJobs', { userAppId: app.userAppId })).inputsExtractionJobs
    assert.deepEqual(await list(), [])
    const made: string[] = []
    for (let n = 0; n < 3; n++) made.unshift((await bringIn(good.url.url, gcpCreds)).id)
    assert.deepEqual(
      (await list()).map(({ id }) => id),
      made,
    )
    const stranger = await server.makeUser('stranger')
    const asked = { userAppId: app.userAppId, inputsExtractionJobId: made[0]! }
    const answer = await server.call('GetInputsExtractionJob', asked, { key: stranger.pat })
    assert.ok(answer.status?.code !== StatusCode.SUCCESS)
  })
})
