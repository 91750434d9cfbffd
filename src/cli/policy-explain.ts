/** `countersign policy explain`: why a leaf, or a release, was decided as it was, and which one fact would have turned it; offline. */

import { explainDecision, type PolicyExplanation } from '../control/policy-explain.ts'
import { StoreError } from '../store/error.ts'
import { EXIT, Failure } from './failure.ts'
import type { Paint, Terminal } from './terminal.ts'
import { formatInstant, printable } from './text.ts'

export interface PolicyExplainOptions {
  /** A leaf index, or a release. */
  readonly id: string
  /** A data directory, or a copy of one. */
  readonly data: string
}

export async function run({ id, data }: PolicyExplainOptions, terminal: Terminal): Promise<number> {
  const what = /^\d{1,15}$/u.test(id) ? { leafIndex: Number(id) } : { release: id }
  const found = await explainDecision(data, what).catch(failed)
  terminal.result(found, () => textOf(found, terminal.paint))
  return EXIT.ok
}

function failed(error: unknown): never {
  if (!(error instanceof StoreError)) throw error
  if (error.code === 'absent') throw new Failure('notFound', 'not_found', error.message)
  throw new Failure('unverified', 'damaged', error.message)
}

const MAX_TURNS = 16

function textOf(found: PolicyExplanation, paint: Paint): string {
  const { leafIndex, at, type, outcome, isAllowed, question, policies, turns, digest } = found
  const { principal, action, resource, context, entities } = question
  const parents = entities.find(({ uid }) => uid.id === principal.id && uid.type === principal.type)?.parents ?? []
  const when = formatInstant(new Date(at).toISOString())
  return [
    `${paint.bold(`leaf ${leafIndex}`)}  ${when}  ${type} (${outcome})`,
    `${isAllowed ? paint.good('allowed') : paint.bad('refused')}: ${nameOf(principal)} ${action} ${nameOf(resource)}`,
    `policies in force: ${digest}`,
    ...(policies.length === 0 ? ['decided by no policy: nothing permits it'] : ['decided by']),
    ...policies.flatMap(({ id, sentence, text }) => [`  ${paint.bold(id)}  ${printable(sentence)}`, ...indented(text)]),
    'facts',
    ...Object.entries(context).map(([name, value]) => `  context.${printable(name)}: ${shown(value)}`),
    ...parents.map((parent) => `  principal in ${nameOf(parent)}`),
    ...(turns.length === 0
      ? ['no single fact would turn it']
      : [`one fact would ${isAllowed ? 'refuse' : 'allow'} it`]),
    ...turns
      .slice(0, MAX_TURNS)
      .map(
        ({ fact, was, wouldBe, determining }) =>
          `  ${printable(fact)}: ${shown(wouldBe)} instead of ${shown(was)}  ${paint.dim(determining.join(', ') || 'nothing permits it')}`,
      ),
  ].join('\n')
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}::${printable(id)}`
}

function shown(value: unknown): string {
  return printable(JSON.stringify(value))
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `    ${printable(line)}`)
}
