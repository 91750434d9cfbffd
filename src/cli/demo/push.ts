/** Facts 3 and 4: a door that lets signed commits of known people through, and nothing else. */

import * as z from '../../bytes/schema.ts'
import * as shape from '../../control/view/shape.ts'
import type { CiIssuer } from './ci.ts'
import { untilFired } from './enrolment.ts'
import type { Enrolled } from './enrolment.ts'
import { mustHold } from './eventually.ts'
import type { Person, Typed } from './person.ts'
import { firstChange, secondChange, writeFiles, type Shop } from './shop.ts'
import type { Stage } from './stage.ts'
import type { Proof, Tale } from './tale.ts'

/** The id that the CI's tokens carry for the repository; names can change hands, ids do not. */
export const CI_REPOSITORY_ID = '700042'

export interface Pushing {
  readonly stage: Stage
  readonly tale: Tale
  readonly enrolled: Enrolled
  readonly shop: Shop
  readonly issuer: CiIssuer
}

const accepted = z.object({
  data: z.object({
    outcome: z.literal('allowed'),
    event: z.object({ commits: z.array(z.object({ id: z.string(), signer: z.string(), fingerprint: z.string() })) }),
  }),
})

/** Fact 3. The outcome is the commit that is on the branch then. */
export async function pushSigned(pushing: Pushing): Promise<Proof & { readonly outcome: string }> {
  const { enrolled, shop, tale } = pushing
  const { mara, ivo, li } = enrolled.cast
  await guard(mara, pushing)
  await clone(ivo, shop)
  await change(ivo, firstChange(shop), 'Sell cups')
  const first = await push(ivo, pushing)
  await clone(li, shop)
  await change(li, secondChange(shop), 'Keep cups in a database')
  const second = await push(li, pushing)
  const formats = enrolled.hasOpenpgp ? 'one signed with SSH, one with OpenPGP' : 'both signed with SSH'
  tale.say(`verified from the commits' own bytes: ${formats}`)
  mustHold(first.commit !== second.commit, 'two commits were pushed')
  const outcome = second.commit
  return {
    sentence: `Signed pushes by @ivo and @li were accepted into ${shop.name}`,
    leafIndex: second.leafIndex,
    outcome,
  }
}

async function guard(mara: Person, { shop, issuer, tale }: Pushing): Promise<void> {
  await mara.countersign(['issuer', 'add', issuer.url, '--kind', 'github'])
  tale.say('(a process of this demo that stands in for GitHub Actions: it tells what runs, and signs it)')
  const place = ['--repository', shop.name, '--git-dir', shop.gitDirectory]
  const ci = ['--ci-repository-id', CI_REPOSITORY_ID, '--ci-issuer', issuer.url]
  const branch = shop.branch === 'main' ? [] : ['--protect', `refs/heads/${shop.branch}`]
  await mara.countersign(['git', 'hook', 'install', ...place, '--register', ...branch, ...ci])
}

async function clone(person: Person, { gitDirectory }: Shop): Promise<void> {
  await person.type(['git', 'clone', '-q', gitDirectory, 'shop'])
}

function folderOf(person: Person): { readonly cwd: string } {
  return { cwd: `${person.home}/shop` }
}

async function change(person: Person, files: Readonly<Record<string, string>>, message: string, ...options: string[]) {
  writeFiles(folderOf(person).cwd, files)
  await person.do(['git', 'add', '.'], 0, folderOf(person))
  const [before, after] = [options.filter((word) => word.includes('=')), options.filter((word) => !word.includes('='))]
  const settings = before.flatMap((setting) => ['-c', setting])
  await person.type(['git', ...settings, 'commit', '-q', ...after, '-m', message], 0, folderOf(person))
}

async function headOf(person: Person): Promise<string> {
  return (await person.do(['git', 'rev-parse', 'HEAD'], 0, folderOf(person))).stdout.trim()
}

interface Pushed {
  readonly commit: string
  readonly leafIndex: number
}

async function push(person: Person, pushing: Pushing): Promise<Pushed> {
  const { stage, tale, shop } = pushing
  const typed = await person.type(['git', 'push', '-q', 'origin', `HEAD:${shop.branch}`], 0, folderOf(person))
  tellRemote(typed, tale)
  const commit = await headOf(person)
  mustHold((await branchHead(stage, shop)) === commit, `${shop.branch} is at the commit that @${person.handle} pushed`)
  const { leaf } = await person.get(`/api/v1/leaves/${leafOf(typed)}`, shape.leafDetail)
  const { commits } = accepted.parse(JSON.parse(leaf)).data.event
  mustHold(
    commits.some(({ id }) => id === commit),
    'the leaf names the commit, its signer and the key',
  )
  return { commit, leafIndex: leafOf(typed) }
}

function leafOf({ leafIndex, stderr }: Typed): number {
  mustHold(leafIndex !== undefined, `the push is a leaf (${stderr.trim()})`)
  return leafIndex
}

async function branchHead(stage: Stage, { gitDirectory, branch }: Shop): Promise<string> {
  const { stdout } = await stage.run('git', [
    '--git-dir',
    gitDirectory,
    'rev-parse',
    '--verify',
    '-q',
    `refs/heads/${branch}`,
  ])
  return stdout.trim()
}

/** What the repository answered to who pushed. */
function tellRemote({ stderr, leafIndex }: Typed, tale: Tale): void {
  const lines = stderr.split('\n').filter((line) => /^(?:remote:| ! |To )/u.test(line))
  const said = lines
    .map((line) => line.trimEnd())
    .filter((line) => line !== 'remote:' && !line.startsWith('remote: leaf: '))
  said.forEach((line, at) => tale.say(line, at === 0 ? leafIndex : undefined))
}

/** Fact 4. */
export async function pushUnverified(pushing: Pushing): Promise<Proof & { readonly outcome: undefined }> {
  const { stage, tale, enrolled, shop } = pushing
  const { ivo, noor } = enrolled.cast
  const before = await branchHead(stage, shop)

  await clone(noor, shop)
  await setName(noor)
  await change(noor, { 'discount.txt': '100 %\n' }, 'Everything is free', '--no-gpg-sign')
  const unsigned = await pushRefused(noor, /commit (?:\S+ )?(?:is not signed|that is not signed)|unsigned/iu, pushing)

  await ivo.type(['git', 'pull', '-q'], 0, folderOf(ivo))
  await ivo.type([
    'ssh-keygen',
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'another laptop',
    '-f',
    `${ivo.home}/.ssh/id_other`,
  ])
  await change(ivo, { 'discount.txt': '50 %\n' }, 'Half price', `user.signingKey=${ivo.home}/.ssh/id_other.pub`)
  await pushRefused(ivo, /key that nobody has enrolled|unknown_key/iu, pushing)
  await ivo.do(['git', 'reset', '-q', '--hard', `origin/${shop.branch}`], 0, folderOf(ivo))

  mustHold((await branchHead(stage, shop)) === before, `${shop.branch} did not move`)
  const { leafIndex } = await untilFired('unverified_push', { cast: enrolled.cast, stage, tale })
  mustHold(leafIndex > unsigned, 'the alert came after the push')
  return {
    sentence: 'An unsigned push and one with an unenrolled key were refused, and an alert fired',
    leafIndex: unsigned,
    outcome: undefined,
  }
}

async function setName(person: Person): Promise<void> {
  const { name, email } = person.portrait
  await person.do(['git', 'config', '--global', 'user.name', name])
  await person.do(['git', 'config', '--global', 'user.email', email])
}

/** The leaf of the refusal. git itself exits with 1 when the other side declines. */
async function pushRefused(person: Person, rule: RegExp, { tale, shop }: Pushing): Promise<number> {
  const words = ['git', 'push', '-q', 'origin', `HEAD:${shop.branch}`]
  const typed = await person.type(words, 1, folderOf(person))
  tellRemote(typed, tale)
  tale.say('git push exited with 1')
  mustHold(rule.test(typed.stderr), 'the answer names the rule')
  mustHold(/^remote: fix: ./mu.test(typed.stderr), 'the answer names what fixes it')
  const leafIndex = leafOf(typed)
  const { row } = await person.get(`/api/v1/leaves/${leafIndex}`, shape.leafDetail)
  mustHold(row.type === 'repository.refused' && row.outcome === 'refused', 'the refusal is a leaf')
  return leafIndex
}
