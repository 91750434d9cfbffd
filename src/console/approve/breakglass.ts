/** Going without the approvals that are missing, and judging it: each over a statement of its own, read in this browser before it is signed. */

import { get, post } from '../api/client.ts'
import type { Receipt, Release } from '../api/shape.ts'
import { assert } from '../passkey/passkey.ts'
import { deriveFrom } from '../verify/statement.ts'
import { button, done, perform } from './act.ts'
import { h } from './dom.ts'
import { card } from './view.ts'

type Verdict = 'justified' | 'unjustified'
type Signable = { readonly statement: string }
type Signer = { readonly rpId: string; readonly credentialIds: readonly string[] }
type Open = { readonly breakglass: string; readonly release: string } & { readonly [V in Verdict]: Signable }

const BREAK = 'https://countersign.dev/break-glass/v1'
const REVIEW = 'https://countersign.dev/break-glass-review/v1'

/** Closed until it is asked for: nobody breaks the glass by a slip. */
export function breakGlass(release: Release): HTMLElement {
  return place('Break the glass', 'Why can it not wait?', [
    {
      text: 'Let it go without the others',
      tone: 'danger',
      act: (reason) => use(release, reason),
    },
  ])
}

/** For whoever did not break it themselves; the server says no to others. */
export function judge(release: Release, breakglass: string): HTMLElement {
  const option = (verdict: Verdict) => ({
    text: `It was ${verdict}`,
    tone: verdict === 'justified' ? 'primary' : 'danger',
    act: (reason: string) => review(release, breakglass, verdict, reason),
  })
  return place('Judge that the glass was broken', 'Why do you judge so?', [option('justified'), option('unjustified')])
}

type Choice = {
  readonly text: string
  readonly tone: string
  readonly act: (reason: string) => Promise<HTMLElement>
}

function place(title: string, question: string, choices: readonly Choice[]): HTMLElement {
  const acts = h('div', { class: 'acts', id: 'glass' })
  const trouble = h('div', { role: 'alert' })
  const reason = h('textarea', { id: 'glass-reason', name: 'reason', rows: '3', maxlength: '500', required: true })
  const form = h(
    'form',
    { class: 'card', hidden: true },
    h('p', { class: 'small' }, 'Everybody is alerted, and somebody who neither did it nor wrote it has to judge it.'),
    h('label', { for: 'glass-reason' }, question),
    reason,
    ...choices.map(({ text, tone }, index) =>
      h('button', { class: `button ${tone}`, type: 'submit', value: String(index) }, text),
    ),
  )
  const show = button('plain', title)
  show.addEventListener('click', () => {
    form.hidden = !form.hidden
    if (!form.hidden) reason.focus()
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const chosen = choices[Number((event.submitter as HTMLButtonElement | null)?.value ?? 0)]!
    void perform(acts, trouble, () => chosen.act(reason.value.trim()))
  })
  acts.append(trouble, show, form)
  return acts
}

async function use(release: Release, reason: string): Promise<HTMLElement> {
  const path = `/api/v1/releases/${encodeURIComponent(release.release)}/break-glass`
  const shown = await get<Signable & Signer>(path)
  const assertion = await sign(shown.statement, shown, release, { type: BREAK })
  const receipt = await post<Receipt<{ reviewBy: string }>>(path, { assertion, reason })
  return done('The glass is broken', `Somebody else judges it until ${receipt.result.reviewBy}.`, receipt)
}

async function review(release: Release, breakglass: string, verdict: Verdict, reason: string): Promise<HTMLElement> {
  const { open, ...signer } = await get<Signer & { readonly open: readonly Open[] }>('/api/v1/break-glass')
  const found = open.find((each) => each.breakglass === breakglass)
  if (!found) return card('Judged already', h('p', {}, 'Nobody waits for it any more.'))
  const assertion = await sign(found[verdict].statement, signer, release, { type: REVIEW, breakglass, verdict })
  const path = `/api/v1/break-glass/${encodeURIComponent(breakglass)}/reviews`
  const receipt = await post<Receipt<unknown>>(path, { assertion, verdict, reason })
  return done(`Judged ${verdict}`, 'The glass can be broken again where it must.', receipt)
}

type Wanted = { readonly type: string; readonly breakglass?: string; readonly verdict?: string }

/** The statement must be of this release, as this browser derived it, and of this very act; nothing else is signed. */
async function sign(
  statement: string,
  { rpId, credentialIds }: Signer,
  release: Release,
  wanted: Wanted,
): Promise<unknown> {
  const { predicateType, predicate } = JSON.parse(statement) as {
    readonly predicateType: string
    readonly predicate: Readonly<Record<string, unknown>>
  }
  const { digest } = await deriveFrom(release.statement)
  const isIt =
    predicateType === wanted.type &&
    predicate['release'] === release.release &&
    predicate['environment'] === release.environment &&
    predicate['breakglass'] === wanted.breakglass &&
    predicate['verdict'] === wanted.verdict &&
    (predicate['statement'] as { readonly sha256?: unknown } | undefined)?.sha256 === digest.replace('sha256:', '')
  if (!isIt) throw new Error('the server asks to sign something else')
  const { challenge } = await deriveFrom(statement)
  return assert({ challenge, rpId }, credentialIds)
}
