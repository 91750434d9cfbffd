/** What history would have been, and why it was as it was: asked of a data directory, beside the server that writes it. */

import { expect, test } from 'vitest'
import { Office } from '../http/office.ts'
import { readShipped } from '../policy/shipped.ts'
import { Home } from './command-line.ts'

const MORE = '@id("nobody-invites")\nforbid (principal, action == Countersign::Action::"invitePerson", resource);\n'

test('policy replay exits 1 with each decision that would differ, 0 when none would; policy explain says what would turn one', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const ivo = await office.person(ana, 'ivo', ['developer'])
  const refused = await office.post('/api/v1/groups', { group: 'payments' }, ivo.token)
  const data = office.company.directory
  using home = new Home()
  for (const [name, text] of Object.entries(readShipped())) home.write(`policies/${name}`, text)
  const same = await home.run(['policy', 'replay', home.path('policies'), data])
  expect([same.code, same.stdout]).toEqual([0, expect.stringContaining('history would be the same')])

  home.write('policies/more.cedar', MORE)
  const other = await home.run(['policy', 'replay', home.path('policies'), data, '--since', '90d'])
  expect(other.code).toBe(1)
  expect(other.stdout).toMatch(/1 newly refused, 0 newly allowed, \d+ unchanged, 0 cannot be asked again/)
  expect(other.stdout).toMatch(/newly refused {2}principal\.invited {2}invitePerson .*: nobody-invites/)
  const told = await home.run(['policy', 'replay', home.path('policies'), data, '--json'])
  expect(JSON.parse(told.stdout)).toMatchObject({ ok: false, newlyRefused: 1, treeSize: office.size })
  expect((await home.run(['policy', 'replay', home.path('policies'), home.path('nothing')])).code).toBe(6)

  const { leafIndex } = refused.body.receipt
  const why = await home.run(['policy', 'explain', String(leafIndex), data])
  expect(why.code).toBe(0)
  expect(why.stdout).toContain('only-admins-administer')
  expect(why.stdout).toMatch(/principal in Role::"admin": true instead of false/)
  expect((await home.run(['policy', 'explain', '999999', data])).code).toBe(6)
})
