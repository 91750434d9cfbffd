/** Works until it is killed. */

import { join } from 'node:path'
import { Company, type Lane } from '../../bench/world/company.ts'
import { Instance } from '../../src/control/instance.ts'

await using instance = await Instance.open({
  ...{ directory: process.argv[2]!, publicUrl: 'http://localhost:7443', origin: 'shelf.localhost', version: 'test' },
  ...{ snapshotEvery: 5, policyDirectory: join(import.meta.dirname, '../../policies') },
})
const lanes = ['a', 'b', 'c'].map((name): Lane => ({ repository: `acme/${name}`, head: undefined, round: 0 }))
const company = await Company.found(instance, lanes)
process.stdout.write('working\n')
for (;;) await Promise.all(lanes.map((lane) => company.release(lane)))
