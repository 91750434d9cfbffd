/** When the disk takes no more: privileged actions stop with one sentence, nothing acknowledged is lost, and it goes on by itself. */

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { rolesOf } from '../../src/domain/role.ts'
import { Company } from '../world/company.ts'

const mountPoint = await smallDisk()

/** A disk of 48 MiB of its own; undefined where mounting is not allowed. */
async function smallDisk(): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', directory], { stdio: 'pipe' })
    return directory
  } catch {
    await rm(directory, { recursive: true })
    return undefined
  }
}

test.skipIf(!mountPoint)('a full disk stops privileged actions, and gives them back when there is space', async () => {
  const directory = mountPoint!
  try {
    await using company = await Company.open(undefined, directory)
    const admin = await company.firstAdmin()
    const person = await company.person(admin, 'mara', ['approver'])
    const assign = (role: string) =>
      company.ask({ command: { type: 'assign role', person: person.id, role }, caller: admin.caller })
    await assign('auditor')
    const size = company.instance.log.head.size

    await writeFile(join(directory, 'filler'), Buffer.alloc(64 << 20)).catch(() => undefined)
    await eventually(
      () =>
        company.instance.log.trouble !== undefined ||
        assign('developer').then(
          () => false,
          () => true,
        ),
    )
    await expect(assign('shopkeeper')).rejects.toThrow(
      /nothing privileged is decided now: .*no space left on device|couldn't append leaf \d+: no space left/,
    )
    expect(company.instance.log.head.size).toBeGreaterThanOrEqual(size)

    await rm(join(directory, 'filler'))
    await eventually(() =>
      assign('shopkeeper').then(
        () => true,
        () => false,
      ),
    )
    expect(holds(company, person.id, 'shopkeeper')).toBe(true)
    await company.reopen()
    expect(holds(company, person.id, 'auditor')).toBe(true)
  } finally {
    execFileSync('umount', ['-l', directory])
    await rm(directory, { recursive: true, force: true })
  }
})

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return
    await pause(100)
  }
  throw new Error('it never came about')
}

function holds({ instance: { ledger } }: Company, id: string, role: string): boolean {
  const { state } = ledger
  return rolesOf(state.people.get(id)!, state, state.at).includes(role)
}
