/** What is printed of a package is what it proves: a cover, a page for each sample, and nothing that a hostile leaf could run. */

import { readFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/cli/evidence-report.ts'
import { formatSamplePage } from '../../src/cli/report-page.ts'
import { parsePlainLeaf } from '../../src/domain/package/plain-leaf.ts'
import { listening } from '../verify/world.ts'
import { takeApart, text, World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await World.open()
})
afterAll(() => world[Symbol.asyncDispose]())

async function report(bytes: Uint8Array, name: string) {
  const [path, output] = [join(world.directory, `${name}.csevidence`), join(world.directory, `${name}.html`)]
  writeFileSync(path, bytes)
  const told = listening('text')
  const code = await run({ package: path, output, logKey: [world.key] }, told.terminal)
  return { code, told: told.text(), html: existsSync(output) ? readFileSync(output, 'utf8') : undefined }
}

test('the cover says what was checked; each sample has its page with every leaf of its story', async () => {
  const bytes = await world.export({ framework: 'soc2' })
  const { code, html } = await report(bytes, 'good')
  expect(code).toBe(0)
  const parts = takeApart(bytes)
  const { picks } = JSON.parse(text(parts, 'samples/picks.json'))
  for (const { release, leaves } of picks) {
    expect(html).toContain(`<h1>Sample 1: ${release}</h1>`)
    for (const leafIndex of leaves) expect(html).toContain(`<td>${leafIndex}</td>`)
  }
  for (const fact of [
    '✓ populations',
    'CC8.1',
    'passkey-assertion sha256:',
    'result</dt><dd>deployed',
    'What this package covers',
  ])
    expect(html).toContain(fact)
  expect(html!.match(/<article /g)).toHaveLength(picks.length)
  expect(html).not.toMatch(/<script|<img|<link|<iframe|<form|href=|src=|url\(/i)
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
})

test('personal data that were withheld are not in it, and that is said', async () => {
  const { html } = await report(await world.export({ withhold: 'personal' }), 'withheld')
  expect(html).toContain('(withheld)')
  expect(html).not.toContain('acme.example')
})

test('nothing is written of a package that does not prove itself', async () => {
  const bytes = Buffer.from(await world.export())
  bytes[bytes.indexOf('dev.countersign.approval.given.v1')]! ^= 1
  const { code, told, html } = await report(bytes, 'bad')
  expect([code, html]).toEqual([5, undefined])
  expect(told).toMatch(/✗ leaves/)
})

test('whatever a leaf says becomes text', () => {
  const nasty = '</dd><script>alert(1)</script><img src=x onerror=y>"\'&\u202E\u0000'
  const leaf = parsePlainLeaf(
    JSON.stringify({
      type: 'dev.countersign.release.requested.v1',
      time: '2026-11-23T14:02:11.000Z',
      data: {
        caller: { id: nasty },
        event: { [nasty]: nasty, list: [nasty] },
        evidence: [{ kind: nasty, digest: nasty }],
        outcome: nasty,
        reason: nasty,
        policy: { determining: [nasty] },
      },
    }),
    7,
  )!
  const page = formatSamplePage({
    number: 1,
    release: nasty,
    row: { [nasty]: nasty },
    leaves: [{ leaf, withheld: new Set() }],
  })
  expect(page).not.toMatch(/<script|<img|\u202E|\u0000/)
  expect(
    page.replaceAll(/<\/?(?:article|h1|h2|dl|dt|dd|table|thead|tbody|tr|th|td|br)(?: id="sample-1")?>/g, ''),
  ).not.toMatch(/[<>]/)
})
