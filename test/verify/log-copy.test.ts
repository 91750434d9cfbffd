/** The commands that copy a log, as somebody types them. */

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run as exportLog } from '../../src/cli/log-export.ts'
import { run as mirror } from '../../src/cli/log-mirror.ts'
import { run as restore } from '../../src/cli/restore.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { Company } from '../world/company.ts'
import { edit, listening, walOf } from './world.ts'

test('export, mirror, and restore from the copy: each verifies, and says so', async () => {
  await using company = await Company.open()
  const admin = await company.firstAdmin()
  await company.person(admin, 'mara', ['approver'])
  await company.instance.log.flush()
  const { logKey } = company.instance
  const { size } = company.instance.log
  const folder = mkdtempSync(join(tmpdir(), 'countersign-copies-'))
  const [copy, second, down] = ['copy', 'second', 'down'].map((name) => join(folder, name)) as [string, string, string]
  try {
    const exported = listening()
    expect(await exportLog({ directory: company.directory, to: copy }, exported.terminal)).toBe(0)
    expect(exported.json()).toMatchObject({ ok: true, treeSize: size, previousSize: 0 })
    const mirrored = listening('text')
    expect(await mirror({ from: copy, to: second, logKey: [logKey] }, mirrored.terminal)).toBe(0)
    expect(mirrored.text()).toContain(`✓ ${size} leaves more`)
    expect(await verifyLog({ path: second })).toMatchObject({ treeSize: size, findings: [], key: logKey })

    cpSync(company.directory, down, { recursive: true })
    edit(walOf({ ...company, directory: down } as Company), (bytes) =>
      bytes.write('X', bytes.indexOf('principal.invited')),
    )
    const broken = exportLog({ directory: down, to: join(folder, 'third') }, listening().terminal)
    await expect(broken).rejects.toMatchObject({ code: 'damaged' })
    const inside = exportLog({ directory: down, to: join(down, 'log', 'x') }, listening().terminal)
    await expect(inside).rejects.toMatchObject({ code: 'bad_folder' })

    const restored = listening()
    expect(await restore({ data: down, from: second, verify: true }, restored.terminal)).toBe(0)
    expect(restored.json()).toMatchObject({ ok: true, treeSize: size, verified: true })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
