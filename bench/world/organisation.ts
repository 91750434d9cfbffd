/** Ten thousand people and groups with what they hold, and two hundred policies about them. */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../../src/domain/command.ts'
import type { Event } from '../../src/domain/event.ts'
import { replay, type State } from '../../src/domain/state.ts'
import { formatProblem, loadPolicies, type PolicySet } from '../../src/policy/policy.ts'

export const SIZE = { people: 9_000, groups: 1_000, environments: 300 }
const POLICIES = 200
const FOLDER = join(import.meta.dirname, '../../policies')
const BY = 'person:0000000000'

export const personId = (index: number) => `person:${String(index).padStart(10, '0')}` as const

/** Everybody is in two groups, and holds a role everywhere and another in one environment. */
export function populate(): State {
  const { state, apply } = replay()
  let leafIndex = 0
  const put = (event: Event) => {
    const said = {
      id: 'x',
      at: 1,
      evidence: [],
      given: {},
      outcome: 'recorded',
      command: { type: 'open log' } as Command,
    } as const
    apply({ ...said, sequence: leafIndex, caller: { id: 'system:bench', kind: 'system' }, event }, leafIndex++)
  }
  for (const event of events()) put(event)
  return state
}

function* events(): Generator<Event> {
  const digest = `sha256:${'0'.repeat(64)}` as const
  const publicKey = { kty: 'OKP', crv: 'Ed25519', x: 'AA' } as const
  for (let n = 0; n < SIZE.groups; n += 1) yield { type: 'group.defined', group: `g${n}`, source: 'scim', by: BY }
  for (let n = 0; n < SIZE.people; n += 1) {
    const person = personId(n)
    // A zone of one's own: nobody's question is anybody else's.
    const passkey = { credentialId: `c${n}`, publicKey, isSoftware: false }
    yield {
      type: 'principal.invited',
      person,
      inviteDigest: digest,
      expiresAt: 2,
      roles: ['developer'],
      zone: `Zone/${n}`,
    }
    yield { type: 'principal.enrolled', person, passkey }
    for (const group of [`g${n % SIZE.groups}`, `g${(n * 7 + 1) % SIZE.groups}`])
      yield { type: 'group.joined', group, person, by: BY }
    const scope = `environment:e${n % SIZE.environments}` as const
    yield { type: 'role.assigned', person, role: 'approver', by: BY, scope, source: 'scim' }
  }
}

/** The shipped policies and the examples, each of those again for other environments, groups and networks, up to two hundred. */
export function regulate(): PolicySet {
  const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
  const names = globSync('*.{cedar,cedarschema}', { cwd: FOLDER })
  const shipped = Object.fromEntries(names.map((name) => [name, read(name)]))
  const examples = globSync('example/*.cedar', { cwd: FOLDER }).map(read)
  const enough = POLICIES - loaded(shipped).ids.length
  const more = Array.from({ length: enough }, (_, n) => vary(examples[n % examples.length]!, n))
  return loaded({ ...shipped, 'more.cedar': more.join('\n') })
}

/** The same action under another condition, which refuses nobody who asks here. */
function vary(example: string, n: number): string {
  const [, kind] = /principal is Countersign::(\w+)/.exec(example)!
  const [action] = /action (?:==|in) [^,]+/.exec(example)!
  const person = `principal in Countersign::Group::"g${n}" && context has localHour && context.localHour > ${23 + n}`
  const job = `principal.ref == "refs/heads/b${n}" && principal has workflow && principal.workflow like "acme/r${n}/*"`
  return `@id("more-${n}")
forbid (principal is Countersign::${kind}, ${action}, resource)
when { ${kind === 'Person' ? person : job} };`
}

function loaded(files: Record<string, string>): PolicySet {
  const set = loadPolicies(files)
  if (Array.isArray(set)) throw new Error(set.map(formatProblem).join('\n'))
  return set
}
