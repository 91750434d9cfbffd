/** What a repository that already exists looks like to Countersign: whose signatures its last commits carry, if any. */

import { verifyCommit } from '../../evidence/commit.ts'
import { isRefusal } from '../../evidence/refusal.ts'
import { git, pipeGit, type GitPlace } from '../git.ts'
import { splitBatch } from '../push.ts'
import { plural, printable } from '../text.ts'
import type { Shop } from './shop.ts'
import type { Stage } from './stage.ts'
import type { Tale } from './tale.ts'

export interface Survey {
  readonly commits: number
  /** Key to the number of commits that carry its signature, most first; as verification names keys. */
  readonly signed: ReadonlyMap<string, number>
  /** Refused whoever enrols which key: not signed, or in a way that proves nothing. */
  readonly refused: number
}

const MAX_COMMITS = 200
const MAX_BYTES = 64 * 1024 * 1024
const MAX_SHOWN = 6

/** Looks at the last 200 commits that `head` reaches, and trusts no key: what remains is what the bytes say. */
export async function survey(place: GitPlace, head: string, at: number): Promise<Survey> {
  const ids = (await git(place, 'rev-list', `--max-count=${MAX_COMMITS}`, head)).split('\n').filter(Boolean)
  const objects = splitBatch(await pipeGit(place, ['cat-file', '--batch'], `${ids.join('\n')}\n`, MAX_BYTES), ids)
  const signed = new Map<string, number>()
  let refused = 0
  for (const object of objects) {
    const verdict = await verifyCommit(object, { ssh: [], openpgp: [] }, at)
    // Nobody's key is known here, so a good signature ends as that of an unknown key.
    const key =
      isRefusal(verdict) && verdict.refused === 'unknown_key'
        ? (verdict.fingerprint ?? 'a key without a name')
        : undefined
    if (key === undefined) refused += 1
    else signed.set(key, (signed.get(key) ?? 0) + 1)
  }
  const byCount = [...signed].sort(([, one], [, other]) => other - one)
  return { commits: ids.length, signed: new Map(byCount), refused }
}

/** Tells what was found, before anything happens there. */
export async function tellSurvey(
  stage: Stage,
  tale: Tale,
  { gitDirectory, branch }: Shop,
  path: string,
): Promise<Survey> {
  const place = { env: { ...stage.env, HOME: stage.folder('git') }, gitDir: gitDirectory }
  const found = await survey(place, `refs/heads/${branch}`, Date.now())
  const { commits, signed, refused } = found
  tale.print('')
  tale.say(`${printable(path)}: ${plural(commits, 'commit')} read of ${branch}, in a clone of it`)
  tale.say(
    `${commits - refused} of ${commits} signed by ${plural(signed.size, 'key')}; ${refused} would be refused, whoever enrols which key`,
  )
  for (const [key, count] of [...signed].slice(0, MAX_SHOWN))
    tale.say(`  ${printable(key)}  ${plural(count, 'commit')}`)
  if (signed.size > MAX_SHOWN) tale.say(`  and ${signed.size - MAX_SHOWN} more`)
  tale.say('what is there already becomes the baseline; from here on every commit is judged')
  return found
}
