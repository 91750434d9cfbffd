/** A report as HTML in one file: nothing is loaded, nothing runs, and whatever a package says only ever becomes text. */

import type { PackageReport } from '../domain/package/check.ts'
import type { PlainLeaf } from '../domain/package/plain-leaf.ts'

export type Sample = {
  readonly number: number
  readonly release: string
  /** Its row in the list of releases. */
  readonly row: Readonly<Record<string, unknown>>
  readonly leaves: readonly { readonly leaf: PlainLeaf; readonly withheld: ReadonlySet<string> }[]
}

export type Cover = {
  readonly report: PackageReport
  readonly fileDigest: string
  /** List to rows. */
  readonly lists: ReadonlyMap<string, number>
  /** As it stands in the package, in Markdown. */
  readonly coverage: string
  readonly samples: number
}

const STYLE = `
:root{color-scheme:light;font:11pt/1.45 system-ui,sans-serif;color:#16181d}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:1.8rem}
table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #d5d8de;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.9rem}
dt{color:#555b66}dd{margin:0;overflow-wrap:anywhere}
code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere}
.good{color:#0b6b3a}.bad{color:#a3152a}
article{break-before:page}
tr{break-inside:avoid}
@page{size:A4;margin:16mm}
@media print{body{margin:0;max-width:none}a{color:inherit;text-decoration:none}}
`

export function formatHead(title: string): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${STYLE}</style></head><body>
`
}

export const FOOT = '</body></html>\n'

export function formatCover({ report, fileDigest, lists, coverage, samples }: Cover): string {
  const { manifest, rootHash, cosigners, counts, checks, isPinned } = report
  const { origin, logKey, from, to, asked, version } = manifest!
  const key = isPinned
    ? 'known to who made this report'
    : 'the one that the package names; compare it with another source'
  return `<main><h1>Evidence of ${escape(origin)}, leaves ${from} to ${to - 1}</h1>
<p class="good">✓ Every check passed: the package is what was signed.</p>
${facts([
  ['Asked for', `${asked.from} to ${asked.to}${asked.framework ? `, ${asked.framework}` : ''}`],
  ['Package', fileDigest],
  ['Key of the log', `${logKey} (${key})`],
  ['Root hash', rootHash],
  ['Witnesses', cosigners.join(', ') || 'none'],
  ['Evidence', `${counts.evidence.checked} checked, ${counts.evidence.withheld} withheld or erased`],
  ['Personal data', `${counts.disclosures.checked} shown, ${counts.disclosures.withheld} withheld or erased`],
  ['Samples', samples === 0 ? 'none were asked for' : `${samples}, drawn by the root hash and “${asked.nonce}”`],
  ['Version', version],
])}
<h2>Checks</h2>${table(
    ['check', 'result'],
    checks.map(({ name, detail }) => [`✓ ${name}`, detail]),
  )}
<h2>Lists</h2>${table(
    ['list', 'rows'],
    [...lists].map(([name, rows]) => [name, String(rows)]),
  )}
${formatMarkdown(coverage)}
</main>
`
}

/** One page on paper, or more when the story is long. */
export function formatSamplePage({ number, release, row, leaves }: Sample): string {
  const rows = leaves.map(({ leaf, withheld }) => [
    String(leaf.leafIndex),
    leaf.at,
    `${leaf.type}, ${leaf.outcome}${leaf.reason ? `: ${leaf.reason}` : ''}`,
    leaf.caller,
    [...Object.entries(leaf.event).map(([name, value]) => `${name}: ${said(value)}`), ...policiesOf(leaf)].join('\n'),
    leaf.evidence.map(({ kind, digest }) => `${kind} ${digest}${withheld.has(digest) ? ' (withheld)' : ''}`).join('\n'),
  ])
  return `<article id="sample-${number}"><h1>Sample ${number}: ${escape(release)}</h1>
${facts(Object.entries(row).map(([name, value]) => [name, said(value)]))}
<h2>What the log says of it</h2>${table(['leaf', 'at', 'what', 'by', 'says', 'rests on'], rows)}
</article>
`
}

function policiesOf({ policies }: PlainLeaf): string[] {
  return policies.length > 0 ? [`policies: ${policies.join(', ')}`] : []
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  return `<dl>${rows.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join('')}</dl>`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (name: string, row: readonly string[]) =>
    `<tr>${row.map((text) => `<${name}>${escape(text).replaceAll('\n', '<br>')}</${name}>`).join('')}</tr>`
  return `<table><thead>${cells('th', head)}</thead><tbody>${rows.map((row) => cells('td', row)).join('')}</tbody></table>`
}

/** Headings, lists, tables and paragraphs: what coverage.md is made of. */
function formatMarkdown(text: string): string {
  const parts: string[] = []
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n').filter((line) => line !== '')
    const [first = ''] = lines
    if (first.startsWith('#')) parts.push(`<h2>${escape(first.replace(/^#+ /, ''))}</h2>`)
    else if (first.startsWith('- '))
      parts.push(`<ul>${lines.map((line) => `<li>${escape(line.slice(2))}</li>`).join('')}</ul>`)
    else if (first.startsWith('| ')) parts.push(tableOf(lines))
    else if (first !== '') parts.push(`<p>${escape(lines.join(' '))}</p>`)
  }
  return parts.join('\n')
}

function tableOf(lines: readonly string[]): string {
  const rows = lines.map((line) =>
    line
      .slice(2, -2)
      .split(/(?<!\\) \| /)
      .map((cell) => cell.replaceAll('\\|', '|').replaceAll('**', '')),
  )
  const [head = [], , ...body] = rows
  return table(head, body)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Also turns what changes the direction of writing, or cannot be seen, into a sign that can. */
function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!).replaceAll(/[^\P{C}\n]/gu, '\uFFFD')
}
