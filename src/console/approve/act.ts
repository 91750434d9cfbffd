/** The two acts, sign and refuse: each asks the passkey for the challenge that this browser derived, never for the server's. */

import { get, post, Problem } from '../api/client.ts'
import type { Receipt, Release, WellKnown } from '../api/shape.ts'
import { assert, PasskeyTrouble } from '../passkey/passkey.ts'
import { checkLeaf } from '../verify/leaf.ts'
import { pinKey } from '../verify/pin.ts'
import { deriveFrom } from '../verify/statement.ts'
import { card, line } from './view.ts'
import { h, icon } from './dom.ts'

type Given = { readonly given: number; readonly required: number }

/** The buttons, the form for a reason, and in their place the answer once there is one. */
export function acts(release: Release): HTMLElement {
  const place = h('div', { class: 'acts' })
  const trouble = h('div', { role: 'alert' })
  const sign = button('primary', 'Sign with passkey', icon('key'))
  const refuse = button('plain', 'Refuse')
  const reason = h('textarea', { id: 'reason', name: 'reason', rows: '3', maxlength: '500', required: true })
  const form = h(
    'form',
    { class: 'card', hidden: true },
    h('label', { for: 'reason' }, 'Why do you refuse?'),
    reason,
    h('button', { class: 'button danger', type: 'submit' }, 'Refuse with passkey'),
  )
  const run = (work: () => Promise<HTMLElement>) => void perform(place, trouble, work)
  sign.addEventListener('click', () => run(() => give(release)))
  refuse.addEventListener('click', () => {
    form.hidden = !form.hidden
    if (!form.hidden) reason.focus()
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    run(() => decline(release, reason.value.trim()))
  })
  place.append(trouble, sign, refuse, form)
  return place
}

export function button(weight: 'primary' | 'plain', text: string, glyph?: SVGSVGElement): HTMLButtonElement {
  return h('button', { class: `button ${weight}`, type: 'button' }, glyph, text)
}

export async function perform(
  place: HTMLElement,
  trouble: HTMLElement,
  work: () => Promise<HTMLElement>,
): Promise<void> {
  const controls = [...place.querySelectorAll<HTMLButtonElement>('button')]
  for (const each of controls) each.disabled = true
  place.setAttribute('aria-busy', 'true')
  try {
    const answer = await work()
    // What was signed may have changed what else could be.
    for (const other of document.querySelectorAll('#glass')) if (other !== place) other.remove()
    place.replaceChildren(answer)
    answer.focus()
  } catch (error) {
    trouble.replaceChildren(explain(error))
    for (const each of controls) each.disabled = false
  }
  place.removeAttribute('aria-busy')
}

async function assertOver(release: Release): Promise<unknown> {
  const { challenge } = await deriveFrom(release.statement)
  return assert({ challenge, rpId: release.rpId }, release.credentialIds)
}

async function give(release: Release): Promise<HTMLElement> {
  const path = `/api/v1/releases/${encodeURIComponent(release.release)}/approvals`
  const receipt = await post<Receipt<Given>>(path, { assertion: await assertOver(release) })
  const { given, required } = receipt.result
  const next = given >= required ? 'The job gets its credential now.' : `${required - given} more must sign.`
  return done(`Signed: ${given} of ${required}`, next, receipt)
}

async function decline(release: Release, reason: string): Promise<HTMLElement> {
  const path = `/api/v1/releases/${encodeURIComponent(release.release)}/refusals`
  const receipt = await post<Receipt<unknown>>(path, { assertion: await assertOver(release), reason })
  return done('Refused', 'The release is over; the job is told why.', receipt)
}

/** The receipt is checked like any leaf: what the page says about the log is what this browser recomputed. */
export async function done(title: string, next: string, receipt: Receipt<unknown>): Promise<HTMLElement> {
  const known = await get<WellKnown>('/.well-known/countersign')
  const verdict = await checkLeaf(receipt, pinKey(known.logKey, localStorage).key)
  const result = card(
    title,
    h('p', {}, next),
    h(
      'ul',
      { class: 'lines' },
      verdict.ok
        ? line('check', 'ok', `In the log as leaf ${receipt.leafIndex}, checked here`)
        : line('cross', 'deny', `MISMATCH: ${verdict.checks.find((check) => !check.ok)?.detail}`),
    ),
    h('a', { href: `/trail?leaf=${receipt.leafIndex}` }, 'See the leaf'),
  )
  result.tabIndex = -1
  result.setAttribute('role', 'status')
  return result
}

/** Sentence, rule, what to do next, and the leaf when the refusal is one. */
export function explain(error: unknown): HTMLElement {
  const problem = error instanceof Problem ? error : undefined
  const isKnown = problem !== undefined || error instanceof PasskeyTrouble
  const sentence = isKnown ? (error as Error).message : 'This page met something it did not expect. Reload it.'
  const result = card(
    undefined,
    h('p', { class: 'strong' }, sentence),
    problem !== undefined &&
      problem.policies.length > 0 &&
      h('p', {}, 'Rule: ', h('code', {}, problem.policies.join(', '))),
    problem?.next !== undefined && h('p', {}, `Next: ${problem.next}`),
    problem?.leafIndex !== undefined &&
      h('a', { href: `/trail?leaf=${problem.leafIndex}` }, `Written as leaf ${problem.leafIndex}`),
  )
  result.classList.add('bad')
  return result
}
