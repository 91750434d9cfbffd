/** What the approver reads, in this order: what goes where, who asks, who signed, what changes, the risks, what a signature does. */

import type { Release, Said } from '../api/shape.ts'
import { formatAgo, listNames, nameOf, readable } from '../part/words.ts'
import { h, icon, type Content, type Glyph } from './dom.ts'

const COMMITS_SHOWN = 6

/** The cards above the acts. */
export function describe(release: Release, nowMs: number): HTMLElement[] {
  return [
    h('h1', {}, `Release ${release.name} to ${release.environment}?`),
    card(
      undefined,
      h(
        'dl',
        { class: 'facts' },
        ...fact('Asked by', nameOf(release.requestedBy)),
        ...fact('Already signed', describeSigned(release, nowMs)),
        ...fact('Fingerprint', h('code', { class: 'fingerprint' }, release.fingerprint)),
      ),
      h('p', { class: 'small' }, 'Must match the one in the CI log.'),
    ),
    card(describeCommits(release), changes(release)),
    ...talk(release),
    card('If you sign', h('p', {}, readable(release.effect)), h('p', { class: 'small' }, readable(release.voidedBy))),
  ]
}

/** What was asked and answered, and that somebody went without the others. */
function talk({ inquiries = [], brokenGlass: broken }: Release): HTMLElement[] {
  const words = ({ by, text = 'words that were erased' }: Said) => `${nameOf(by)}: ${text}`
  const lines = inquiries.flatMap((asked) => [
    line('alert', 'wait', words(asked)),
    ...asked.answers.map((answer) => line('check', 'ok', words(answer))),
  ])
  const verdict = broken?.review
    ? `, judged ${broken.review.verdict} by ${nameOf(broken.review.by)}`
    : ', not judged yet'
  return [
    ...(broken ? [card('The glass is broken', h('p', {}, `${words(broken)}${verdict}`))] : []),
    ...(lines.length > 0 ? [card('Questions', h('ul', { class: 'lines' }, ...lines))] : []),
  ]
}

export function card(title: string | undefined, ...content: readonly Content[]): HTMLElement {
  return h('section', { class: 'card' }, title !== undefined && h('h2', {}, title), ...content)
}

export function fact(label: string, value: Content): HTMLElement[] {
  return [h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, value))]
}

export function line(glyph: Glyph, tone: string, text: string): HTMLElement {
  return h('li', { class: 'line' }, icon(glyph, tone), h('span', {}, text))
}

function describeSigned({ approvals, given, required }: Release, nowMs: number): string {
  const count = `${given} of ${required}`
  if (approvals.length === 0) return `nobody, ${count}`
  return `${approvals.map(({ by, at }) => `${nameOf(by)}, ${formatAgo(at, nowMs)}`).join('; ')} (${count})`
}

function describeCommits({ commits, since, environment }: Release): string {
  const count = commits.length === 1 ? '1 commit' : `${commits.length} commits`
  return since ? `${count} since the last release to ${environment}` : `${count}, first release to ${environment}`
}

function changes({ commits, risks, release }: Release): HTMLElement {
  const unverified = commits.filter(({ signature }) => !signature.verified).length
  const shown = commits.slice(0, COMMITS_SHOWN)
  return h(
    'div',
    { class: 'stack' },
    h(
      'ul',
      { class: 'lines' },
      unverified === 0
        ? line('check', 'ok', 'All commits signed and verified')
        : line('alert', 'wait', `${unverified} of ${commits.length} commits without a verified signature`),
      ...risks.map((risk) => line('alert', 'wait', risk.text)),
    ),
    h(
      'ul',
      { class: 'commits' },
      ...shown.map((commit) =>
        h(
          'li',
          {},
          h('span', {}, commit.subject),
          ' ',
          h('span', { class: 'small' }, commit.author ? nameOf(commit.author) : commit.authorName),
        ),
      ),
    ),
    h('a', { href: `/releases/${encodeURIComponent(release)}` }, 'Read everything about this release'),
  )
}

/** The exact bytes, for whoever wants to read what the passkey signs. */
export function exactly(release: Release): HTMLElement {
  return h(
    'details',
    { class: 'card exactly' },
    h('summary', {}, 'Exactly what is signed'),
    h('p', { class: 'small' }, 'Digest, challenge and fingerprint were derived from this text in this browser.'),
    h('pre', { tabindex: '0' }, JSON.stringify(JSON.parse(release.statement), null, 2)),
    h('p', { class: 'small' }, h('code', {}, release.statementDigest)),
  )
}

/** Why this person may not sign, and who may; there is no form to try. */
export function explainNo(release: Release): HTMLElement {
  const who = release.you.who ?? release.canApprove
  return card(
    'You cannot sign this',
    h('p', {}, release.you.because),
    who.length > 0 && h('p', {}, `Can sign: ${listNames(who)}.`),
  )
}

/** The server's claims and the statement disagree: nothing on this page may be signed. */
export function warn(sentences: readonly string[]): HTMLElement[] {
  return [
    h('h1', {}, 'MISMATCH: do not sign'),
    h(
      'section',
      { class: 'card bad', role: 'alert' },
      h('ul', { class: 'lines' }, ...sentences.map((sentence) => line('cross', 'deny', sentence))),
      h('p', {}, 'This browser checked the statement itself and refuses to sign it. Tell whoever runs this server.'),
    ),
  ]
}
