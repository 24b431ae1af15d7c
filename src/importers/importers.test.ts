import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import sharp from 'sharp'
import type { Data } from '../contract/index.ts'
import { detectFormat, FORMATS, type FormatName } from './formats.ts'
import { InputIds } from './ids.ts'
import { type ImportItem, isProblem } from './item.ts'

type Files = Readonly<Record<string, string | object>>

const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')

async function read(format: FormatName, files: Files): Promise<{ items: ImportItem[]; problems: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-import-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true })
      await writeFile(
        join(dir, path),
        typeof content === 'string' ? content : Buffer.isBuffer(content) ? content : JSON.stringify(content),
      )
    }
    assert.equal(await detectFormat(dir), format)
    const found = await Array.fromAsync(FORMATS[format](dir))
    return {
      items: found.filter((one) => !isProblem(one)) as ImportItem[],
      problems: found.flatMap((one) => (isProblem(one) ? [one.source] : [])),
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** An annotation in few words: its labels, and the numbers of its place. */
function told(data: Data): unknown[] {
  const region = data.regions[0] ?? data.frames[0]?.data?.regions[0]
  const labels = (region?.data ?? data.timeSegments[0]?.data ?? data).concepts.map(({ name }) => name)
  const { boundingBox: box, polygon, point, span, mask, keypointLocations = [] } = region?.regionInfo ?? {}
  const round = (value: number) => Math.round(value * 1000) / 1000
  if (keypointLocations.length > 0)
    return [...labels, 'keypoints', keypointLocations.map(({ visibility }) => visibility)]
  if (box) return [...labels, 'box', [box.leftCol, box.topRow, box.rightCol, box.bottomRow].map(round)]
  if (polygon) return [...labels, 'polygon', polygon.points.flatMap(({ row, col }) => [round(col), round(row)])]
  if (point) return [...labels, 'point', [round(point.col), round(point.row)]]
  if (span) return [...labels, 'span', [span.charStart, span.charEnd]]
  if (mask) return [...labels, 'mask']
  const time = data.timeSegments[0]?.timeInfo
  return time ? [...labels, 'time', [time.beginTime, time.endTime]] : [...labels, data.text?.raw]
}

const summary = (items: readonly ImportItem[]) =>
  items.map(({ id, data, annotations }) => [id, data.concepts.map(({ name }) => name), ...annotations.map(told)])

describe('importers', () => {
  test('COCO: boxes, polygons, keypoints, masks, captions; what is wrong is said of it alone', async () => {
    const file = {
      images: [
        { id: 7, file_name: 'a.gif', width: 100, height: 50 },
        { id: 8, file_name: 'gone.jpg', width: 10, height: 10 },
        { id: 9, file_name: 'b.jpg', width: 10, height: 10, coco_url: 'https://example.com/b.jpg' },
      ],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [
        { id: 1, image_id: 7, category_id: 1, bbox: [10, 5, 50, 25], segmentation: [] },
        { id: 2, image_id: 7, category_id: 1, bbox: [0, 0, 1, 1], segmentation: [[0, 0, 100, 0, 100, 50]] },
        { id: 3, image_id: 7, category_id: 1, bbox: [0, 0, 9, 9], keypoints: [1, 1, 2, 0, 0, 0, 2, 2, 1] },
        { id: 4, image_id: 7, category_id: 1, iscrowd: 1, segmentation: { counts: [1, 2, 1], size: [2, 2] } },
        { id: 5, image_id: 7, category_id: 2, bbox: [0, 0, 1, 1] },
        { id: 6, image_id: 99, category_id: 1, bbox: [0, 0, 1, 1] },
        { id: 7, image_id: 7, category_id: 1, bbox: [5, 5, 0, 0] },
      ],
    }
    const captions = {
      images: [{ id: 1, file_name: 'a.gif' }],
      annotations: [{ id: 1, image_id: 1, caption: 'a cat' }],
    }
    const { items, problems } = await read('coco', {
      'annotations/instances.json': file,
      'captions.json': captions,
      'images/a.gif': PIXEL,
    })
    assert.deepEqual(summary(items), [
      [
        'a',
        [],
        ['cat', 'box', [0.1, 0.1, 0.6, 0.6]],
        ['cat', 'polygon', [0, 0, 1, 0, 1, 1]],
        ['cat', 'keypoints', [1, 3, 2]],
        ['cat', 'mask'],
        ['a cat'],
      ],
      ['b', []],
    ])
    assert.deepEqual(problems.map((source) => source.replace(/.*(annotation|gone)/, '$1')).sort(), [
      'annotation 5',
      'annotation 6',
      'annotation 7',
      'gone.jpg',
    ])
    const mask = items[0]!.annotations[3]!.regions[0]!.regionInfo!.mask!.image!.base64
    const pixels = await sharp(mask).raw().toBuffer({ resolveWithObject: true })
    assert.deepEqual(
      [...pixels.data].filter((_, at) => at % pixels.info.channels === 0),
      [0, 255, 255, 0],
    )
  })

  test('YOLO: boxes, polygons and poses by class number', async () => {
    const { items, problems } = await read('yolo', {
      'data.yaml': 'names:\n  0: cat\n  1: dog\n',
      'images/train/a.gif': PIXEL,
      'images/train/b.gif': PIXEL,
      'labels/train/a.txt': '1 0.5 0.5 0.2 0.4\n0 0 0 1 0 1 1\n0 nonsense 1 1 1\n7 0.5 0.5 1.1 1\n',
    })
    assert.deepEqual(summary(items), [
      [
        'a',
        [],
        ['dog', 'box', [0.4, 0.3, 0.6, 0.7]],
        ['cat', 'polygon', [0, 0, 1, 0, 1, 1]],
        ['class-7', 'box', [0, 0, 1, 1]],
      ],
      ['b', []],
    ])
    assert.deepEqual(problems, ['labels/train/a.txt:3'])
    const pose = await read('yolo', {
      'pose.yaml': 'names: [person]\nkpt_shape: [2, 3]\n',
      'images/p.gif': PIXEL,
      'labels/p.txt': '0 0.5 0.5 0.5 0.5 0.1 0.1 2 0 0 0\n',
    })
    assert.deepEqual(summary(pose.items), [['p', [], ['person', 'keypoints', [1, 3]]]])
  })

  test('Pascal VOC: boxes in pixels', async () => {
    const object = (name: string, box: string) => `<object><name>${name}</name><bndbox>${box}</bndbox></object>`
    const good = object('cat', '<xmin>10</xmin><ymin>20</ymin><xmax>50</xmax><ymax>100</ymax>')
    const bad = object('dog', '<xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>9</ymax>')
    const { items, problems } = await read('voc', {
      'Annotations/a.xml': `<annotation><filename>a.gif</filename><size><width>100</width><height>200</height></size>${good}${bad}</annotation>`,
      'Annotations/b.xml': '<annotation><filename>b.gif</filename></annotation>',
      'Annotations/c.xml': '<annotation><filename>',
      'JPEGImages/a.gif': PIXEL,
    })
    assert.deepEqual(summary(items), [['a', [], ['cat', 'box', [0.1, 0.1, 0.5, 0.5]]]])
    assert.deepEqual(problems, ['Annotations/a.xml object 2', 'Annotations/b.xml', 'Annotations/c.xml'])
  })

  test('CSV: columns of the API and of the SDKs', async () => {
    const { items, problems } = await read('csv', {
      'api.csv':
        'input.id,input.data.image.url,input.data.text.raw,input.data.concepts[0].id,input.data.concepts[0].value,input.data.concepts[1].id,input.metadata,input.data.geo.geo_point.latitude,input.data.geo.geo_point.longitude\n' +
        'one,https://example.com/1.jpg,,cat,1,dog,"{""a"": 1}",52.5,13.4\n' +
        'two,,"some, text",cat,0,,,,\n',
      'sdk.csv': `inputid,input,concepts,metadata,geopoints\nthree,pics/a.gif,"['red','blue']","{'b': 2}","[13.4, 52.5]"\nfour,plain words,green,,\nfive,,x,,\n`,
      'pics/a.gif': PIXEL,
    })
    assert.deepEqual(summary(items), [
      ['one', ['cat', 'dog']],
      ['two', ['cat']],
      ['three', ['red', 'blue']],
      ['four', ['green']],
    ])
    assert.deepEqual(
      items.map(({ medium }) => medium.from),
      ['url', 'text', 'file', 'text'],
    )
    assert.deepEqual([items[0]!.data.metadata, items[2]!.data.metadata], [{ a: 1 }, { b: 2 }])
    assert.deepEqual([items[0]!.data.geo?.geoPoint?.latitude, items[2]!.data.geo?.geoPoint?.latitude], [52.5, 52.5])
    assert.equal(items[1]!.data.concepts[0]!.value, 0)
    assert.deepEqual(problems, ['sdk.csv:4'])
  })

  test('ImageNet: folders named like classes, with their meanings', async () => {
    const { items, problems } = await read('imagenet', {
      'LOC_synset_mapping.txt': 'n01440764 tench, Tinca tinca\n',
      'train/n01440764/a.gif': PIXEL,
      'train/boat/b.gif': PIXEL,
      'stray.gif': PIXEL,
    })
    assert.deepEqual(summary(items), [
      ['b', ['boat']],
      ['a', ['tench']],
    ])
    assert.equal(items[1]!.data.concepts[0]!.id, 'n01440764')
    assert.deepEqual(problems, ['LOC_synset_mapping.txt', 'stray.gif'])
  })

  test('Label Studio: choices, boxes, turned boxes, polygons, points, spans, sounds, texts', async () => {
    const result = (type: string, value: object) => ({ type, original_width: 100, original_height: 100, value })
    const tasks = [
      {
        id: 1,
        data: { image: '/data/upload/3/0123abcd-a.gif' },
        annotations: [
          {
            result: [
              result('choices', { choices: ['good'] }),
              result('rectanglelabels', { x: 10, y: 20, width: 30, height: 40, rotation: 0, rectanglelabels: ['cat'] }),
              result('rectanglelabels', {
                x: 50,
                y: 50,
                width: 20,
                height: 10,
                rotation: 90,
                rectanglelabels: ['dog'],
              }),
              result('polygonlabels', {
                points: [
                  [0, 0],
                  [100, 0],
                  [100, 100],
                ],
                polygonlabels: ['sky'],
              }),
              result('keypointlabels', { x: 25, y: 75, keypointlabels: ['eye'] }),
              result('textarea', { text: ['hello'] }),
              result('ellipselabels', { x: 50, y: 50, radiusX: 10, radiusY: 20, ellipselabels: ['sun'] }),
              result('videorectangle', { x: 1 }),
            ],
          },
          { was_cancelled: true, result: [result('choices', { choices: ['never'] })] },
        ],
      },
      {
        id: 2,
        data: { text: 'I like Berlin' },
        annotations: [{ result: [result('labels', { start: 7, end: 13, text: 'Berlin', labels: ['place'] })] }],
      },
      {
        id: 3,
        data: { audio: 'https://example.com/a.wav' },
        annotations: [{ result: [result('labels', { start: 1.5, end: 3, labels: ['speech'] })] }],
      },
      { id: 4, data: { image: '/data/lost.png' }, annotations: [] },
    ]
    const { items, problems } = await read('label-studio', { 'export.json': tasks, 'files/a.gif': PIXEL })
    assert.deepEqual(summary(items), [
      [
        'a',
        ['good'],
        ['cat', 'box', [0.1, 0.2, 0.4, 0.6]],
        ['dog', 'polygon', [0.5, 0.5, 0.5, 0.7, 0.4, 0.7, 0.4, 0.5]],
        ['sky', 'polygon', [0, 0, 1, 0, 1, 1]],
        ['eye', 'point', [0.25, 0.75]],
        ['hello'],
        ['sun', 'box', [0.4, 0.3, 0.6, 0.7]],
      ],
      ['', [], ['place', 'span', [7, 13]]],
      ['', [], ['speech', 'time', [1.5, 3]]],
    ])
    assert.equal(problems.length, 2)
  })

  test('CVAT: pictures with all kinds of places, and films with tracks', async () => {
    const { items, problems } = await read('cvat', {
      'annotations.xml': `<annotations><image name="sub/a.gif" width="100" height="100">
        <box label="cat" xtl="10" ytl="10" xbr="50" ybr="50"/>
        <polygon label="sky" points="0,0;100,0;100,100"/>
        <points label="eye" points="20,30;40,50"/>
        <mask label="blob" rle="1,2,1" left="0" top="0" width="2" height="2"/>
        <tag label="nice"/></image><image name="lost.png" width="1" height="1"/></annotations>`,
      'images/a.gif': PIXEL,
    })
    assert.deepEqual(summary(items), [
      [
        'a',
        ['nice'],
        ['cat', 'box', [0.1, 0.1, 0.5, 0.5]],
        ['sky', 'polygon', [0, 0, 1, 0, 1, 1]],
        ['eye', 'point', [0.2, 0.3]],
        ['eye', 'point', [0.4, 0.5]],
        ['blob', 'mask'],
      ],
    ])
    assert.equal(problems.length, 1)
    const film = await read('cvat', {
      'annotations.xml': `<annotations><meta><task><original_size><width>200</width><height>100</height></original_size><source>f.mp4</source></task></meta>
        <track id="3" label="car"><box frame="0" outside="0" keyframe="1" xtl="0" ytl="0" xbr="100" ybr="50"/>
        <box frame="5" outside="1" keyframe="1" xtl="0" ytl="0" xbr="100" ybr="50"/></track></annotations>`,
      'f.mp4': 'film',
    })
    assert.deepEqual(summary(film.items), [['f', [], ['car', 'box', [0, 0, 0.5, 0.5]]]])
    assert.equal(film.items[0]!.annotations[0]!.frames[0]!.data!.regions[0]!.trackId, 'track-3')
  })

  test('our own exports: labels, regions, frames, captions, from the addresses of the media', async () => {
    const inputs = [
      {
        id: 'one',
        data: {
          image: {
            url: 'https://a.example/x',
            hosted: { prefix: 'https://a.example/data', suffix: 's', sizes: ['orig'] },
          },
          concepts: [{ id: 'c', name: 'C', value: 0 }],
          text: { raw: 'said' },
          regions: [
            { region_info: { point: { row: 0.5, col: 0.5 } }, data: { concepts: [{ id: 'd', name: 'D', value: 1 }] } },
          ],
        },
      },
      { id: 'two', data: { text: { raw: 'words' } } },
      { id: 'three', data: {} },
    ]
    const { items, problems } = await read('clarifai', {
      mimetype: 'application/x.clarifai-data+json',
      'all/000000_n3': { inputs },
    })
    assert.deepEqual(summary(items), [
      ['one', ['C'], ['D', 'point', [0.5, 0.5]], ['said']],
      ['two', []],
    ])
    assert.deepEqual(items[0]!.medium, { from: 'url', url: 'https://a.example/data/orig/s', kind: 'image' })
    assert.equal(items[0]!.data.concepts[0]!.value, 0)
    assert.equal(problems.length, 1)
  })

  test('ids are kept where they may be, and the same at every run', () => {
    const give = () => {
      const ids = new InputIds()
      return [ids.next('good', 'a'), ids.next('good', 'b'), ids.next('no good!', 'c'), ids.next('', 'd')]
    }
    const first = give()
    assert.equal(first[0], 'good')
    assert.equal(new Set(first).size, 4)
    assert.deepEqual(give(), first)
  })
})
