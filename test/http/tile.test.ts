import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { systemCaller } from '../../src/control/handle.ts'
import { acceptsGzip } from '../../src/http/tiles.ts'
import { compressRound } from '../../src/store/compress.ts'
import { diskFiles } from '../../src/store/file.ts'
import { leafHash } from '../../src/tlog/hash.ts'
import { decodeBundle } from '../../src/tlog/tile.ts'
import { HOST, Office } from './office.ts'

test('a compressed bundle is given out gzipped to who accepts that, and as it is to everybody else', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const { instance, directory } = office.company
  const command = { type: 'summarise noise' as const, refused: [{ code: 'bad_token', count: 1 }] }
  const noise = () => instance.handle({ command, caller: systemCaller('noise') })
  await Promise.all(Array.from({ length: 256 }, noise))
  await instance.log.flush()
  const ask = (encoding: string) =>
    office.app.inject({
      url: '/log/tile/entries/000',
      headers: { host: HOST, authorization: `Bearer ${ana.token}`, 'accept-encoding': encoding },
    })
  const raw = await ask('gzip')
  expect([raw.statusCode, raw.headers['content-encoding'], raw.headers['vary']]).toEqual([
    200,
    undefined,
    'accept-encoding',
  ])

  const hashes = async () => (await instance.log.resource('tile/0/000'))!
  const publicDirectory = join(directory, 'log/public')
  const round = { files: diskFiles, publicDirectory, hashes, inTurn: <T>(work: () => Promise<T>) => work() }
  expect(await compressRound(round, 0, 1)).toMatchObject({ compressed: 1 })
  const gzipped = await ask('br, gzip;q=0.8')
  expect(gzipped.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': 'application/octet-stream',
    'cache-control': 'private, max-age=31536000, immutable',
    vary: 'accept-encoding',
  })
  expect(gunzipSync(gzipped.rawPayload)).toEqual(raw.rawPayload)
  expect(gzipped.rawPayload.length).toBeLessThan(raw.rawPayload.length / 3)
  const identity = await ask('identity')
  expect([identity.headers['content-encoding'], identity.rawPayload]).toEqual([undefined, raw.rawPayload])
  expect(Buffer.concat(decodeBundle(identity.rawPayload, 256).map(leafHash))).toEqual(Buffer.from(await hashes()))
  expect((await office.app.inject({ url: '/log/tile/entries/000', headers: { host: HOST } })).statusCode).toBe(401)
})

test('gzip is sent where it is asked for by name or by *, and not where its weight is 0', () => {
  for (const yes of ['gzip', 'GZIP', 'br, gzip', 'gzip;q=0.1', '*', 'deflate, * ; q=0.5', 'x-gzip'])
    expect([yes, acceptsGzip(yes)]).toEqual([yes, true])
  for (const no of [undefined, '', 'identity', 'br', 'gzip;q=0', 'gzip; q=0.000', '*;q=0', 'gzip;q=0, *', 'agzip'])
    expect([no, acceptsGzip(no)]).toEqual([no, false])
})
