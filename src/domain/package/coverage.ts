/** What the package covers, and where it has nothing to say: computed from the leaves, so that gaps cannot be left out. */

import type { ControlMap } from './control.ts'
import type { Manifest } from './manifest.ts'
import { textOf, type PlainLeaf } from './plain-leaf.ts'

const CONNECTED = {
  'issuer.trusted': 'issuer',
  'repository.registered': 'repository',
  'environment.defined': 'environment',
  'target.defined': 'target',
} as const

/** A silence this long between two leaves is named. */
const SILENCE_MS = 24 * 3600 * 1000
const MAX_SILENCES = 50

type Silence = { readonly leafIndex: number; readonly from: string; readonly to: string }

export class Coverage {
  readonly #counts = new Map<string, number>()
  readonly #connected = new Map<string, Set<string>>()
  readonly #seen = new Set<string>()
  readonly #starts: string[] = []
  readonly #silences: Silence[] = []
  #before: PlainLeaf | undefined
  #first: PlainLeaf | undefined

  take(leaf: PlainLeaf): void {
    this.#counts.set(leaf.type, (this.#counts.get(leaf.type) ?? 0) + 1)
    this.#first ??= leaf
    const kind = CONNECTED[leaf.type as keyof typeof CONNECTED] as string | undefined
    if (kind !== undefined) add(this.#connected, kind, textOf(leaf.event[kind]))
    const repository = textOf(leaf.event['repository'])
    if (repository !== '') this.#seen.add(repository)
    if (leaf.type === 'log.opened')
      this.#starts.push(`leaf ${leaf.leafIndex}, ${leaf.at}, version ${textOf(leaf.event['version'])}`)
    const before = this.#before
    if (before && Date.parse(leaf.at) - Date.parse(before.at) > SILENCE_MS && this.#silences.length < MAX_SILENCES)
      this.#silences.push({ leafIndex: leaf.leafIndex, from: before.at, to: leaf.at })
    this.#before = leaf
  }

  /** Markdown. */
  text(manifest: Pick<Manifest, 'origin' | 'from' | 'to' | 'asked'>, maps: readonly ControlMap[]): string {
    const { origin, from, to, asked } = manifest
    return [
      `# What this package covers`,
      `Log ${origin}, leaves ${from} to ${to - 1}, ${this.#first?.at ?? ''} to ${this.#before?.at ?? ''}; asked for from ${asked.from} to ${asked.to}.`,
      ...(from > 0
        ? [
            `What lies before leaf ${from} is not in it. Its tree is, as hashes; its meaning is, as state/start.jsonl, on the word of the signer.`,
          ]
        : []),
      ...(asked.withhold ? ['Personal data are withheld: leaves carry their digests, and nothing else does.'] : []),
      ...maps.map((map) => this.#mapText(map)),
      '## Connected in this period',
      listed([...this.#connected].flatMap(([kind, names]) => [...names].sort().map((name) => `${kind} ${name}`))),
      '## Repositories that appear',
      listed([...this.#seen].sort()),
      '## Starts of the server',
      'Between the leaf before a start and the start itself the server was down, or was not: the log cannot tell.',
      listed(this.#starts),
      '## Silences of more than a day',
      listed(
        this.#silences.map(({ leafIndex, from: since, to: until }) => `before leaf ${leafIndex}: ${since} to ${until}`),
      ),
      '## What this does not cover',
      'Whatever reached a target by other ways than a credential lent here; the hosts themselves; what people agreed on in other places; systems that are not connected. Compare the population of releases with an independent source.',
      '',
    ].join('\n\n')
  }

  #mapText({ title, controls }: ControlMap): string {
    const rows = controls.map(({ id, asks, events, populations, elsewhere }) => {
      const leaves = events.reduce((sum, type) => sum + (this.#counts.get(type) ?? 0), 0)
      return [id, asks, leaves === 0 ? '**0: a gap**' : String(leaves), populations.join(', '), elsewhere].map(cell)
    })
    const head = ['control', 'asks', 'leaves that evidence it', 'populations', 'not from here']
    return [`## ${title}`, '', ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)].join(
      '\n',
    )
  }
}

function add(groups: Map<string, Set<string>>, group: string, name: string): void {
  const names = groups.get(group) ?? new Set<string>()
  groups.set(group, names.add(name))
}

function listed(lines: readonly string[]): string {
  return lines.length === 0 ? 'None.' : lines.map((line) => `- ${line}`).join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
