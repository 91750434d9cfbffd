/** A report as a person reads it: the verdict, what it is about, and each check with its cause. Text only ever becomes text. */

import type { PackageReport } from '../../domain/package/check.ts'
import type { Check } from '../../domain/package/finding.ts'

type Child = Node | string

function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...children)
  return made
}

export function show(report: PackageReport, fileName: string, digest: string): Node[] {
  const { isGood, isPinned, checks } = report
  const failed = checks.filter(({ state }) => state === 'failed').length
  const verdict = isGood
    ? `✓ ${fileName} is what was signed`
    : `✗ ${failed} of ${checks.length} checks of ${fileName} failed`
  const trust = isPinned
    ? 'The key of the log is one that you know.'
    : 'The key of the log is the one that the package itself names: this proves that it fits together, and not who made it.'
  return [
    element('p', { class: `verdict ${isGood ? 'ok' : 'failed'}`, id: 'answer' }, verdict),
    element('p', {}, trust),
    facts(report, digest),
    element('table', {}, element('tbody', {}, ...checks.flatMap(rows))),
  ]
}

function facts({ manifest, rootHash, cosigners, counts }: PackageReport, digest: string): HTMLElement {
  const told: readonly (readonly [name: string, value: string])[] = [
    ['File', digest],
    ...(manifest
      ? ([
          ['Log', manifest.origin],
          ['Key', manifest.logKey],
          ['Leaves', `${manifest.from} to ${manifest.to - 1}`],
          [
            'Asked for',
            `${manifest.asked.from} to ${manifest.asked.to}${manifest.asked.framework ? `, ${manifest.asked.framework}` : ''}`,
          ],
        ] as const)
      : []),
    ['Root hash', rootHash || 'unknown'],
    ['Witnesses', cosigners.join(', ') || 'none'],
    ['Withheld', `${counts.evidence.withheld} evidence, ${counts.disclosures.withheld} disclosures`],
  ]
  return element('dl', {}, ...told.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]))
}

const MARKS = { ok: '✓', failed: '✗', skipped: '·' } as const

function rows({ name, state, detail, problems }: Check): HTMLElement[] {
  const row = (mark: string, text: string) =>
    element('tr', { class: state }, element('th', { scope: 'row' }, `${mark} ${name}`), element('td', {}, text))
  if (state !== 'failed') return [row(MARKS[state], detail)]
  return problems.map((problem) => row(MARKS.failed, `${problem.cause.replaceAll('_', ' ')}: ${problem.detail}`))
}
