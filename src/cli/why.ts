/** The whole chain behind one thing: every line with its leaf index. */

import * as z from '../bytes/schema.ts'
import { existsSync } from 'node:fs'
import { readArtifact } from './artifact.ts'
import { formatWho, instant, leafIndex, shown, who } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Paint, Terminal } from './terminal.ts'
import { formatInstant } from './text.ts'

export interface WhyOptions extends ServerOptions {
  readonly id: string
}

const fact = z.object({ label: shown, value: z.union([shown, z.number(), z.boolean()]) })
const entry = z.object({
  at: instant,
  who,
  sentence: shown,
  leafIndex,
  facts: z.array(fact).default([]),
  policies: z.array(shown).default([]),
  from: z.object({ ip: shown.optional(), at: instant }).optional(),
})
const answer = z.object({
  question: shown,
  subject: z.object({ kind: shown, id: shown }),
  chain: z.array(z.object({ title: shown, entries: z.array(entry) })),
})
type Entry = z.infer<typeof entry>

export async function run(options: WhyOptions, terminal: Terminal): Promise<number> {
  const id = await identify(options.id)
  const found = await openClient(options, terminal).get(`/api/v1/why/${encodeURIComponent(id)}`, answer)
  if (found.chain.every(({ entries }) => entries.length === 0))
    throw new Failure('notFound', 'not_found', `the log knows nothing of ${id}`)
  terminal.result(found, () => {
    const steps = found.chain.flatMap(({ title, entries }) => [
      terminal.paint.bold(title),
      ...entries.flatMap((each) => describe(each, terminal.paint)),
    ])
    return [found.question, `${found.subject.kind} ${found.subject.id}`, '', ...steps].join('\n')
  })
  return 0
}

/** A file stands for its digest; everything else is looked up as it is. */
async function identify(id: string): Promise<string> {
  return /[/.]/u.test(id) && existsSync(id) ? (await readArtifact(id)).digest : id
}

function describe(
  { at, who: principal, sentence, leafIndex: index, facts, policies, from }: Entry,
  paint: Paint,
): string[] {
  const details = [
    ...facts.map(({ label, value }) => `${label}: ${value}`),
    ...(policies.length > 0 ? [`policies: ${policies.join(', ')}`] : []),
    ...(from?.ip ? [`from: ${from.ip} at ${formatInstant(from.at)}`] : []),
  ]
  return [
    `  ${paint.dim(`leaf ${String(index).padEnd(7)}`)} ${formatInstant(at)}  ${formatWho(principal)} ${sentence}`,
    ...details.map((detail) => `      ${detail}`),
  ]
}
