/** What is wrong with a policy set, said so that the person who wrote it finds the line and the remedy. */

export type PolicyProblemCode =
  | 'bad_file_name'
  | 'too_large'
  | 'not_unicode'
  | 'no_schema'
  | 'several_schemas'
  | 'no_policies'
  | 'syntax'
  | 'schema'
  | 'too_complex'
  | 'missing_id'
  | 'bad_id'
  | 'duplicate_id'
  | 'invalid'
  | 'suspicious'

/** `file` is empty when the set as a whole is meant. `line` counts from 1. */
export type PolicyProblem = {
  readonly code: PolicyProblemCode
  readonly file: string
  readonly line?: number
  readonly sentence: string
  readonly hint?: string
}

/** `push.cedar:12: attribute aproved not found (did you mean approved?)` */
export function formatProblem({ file, line, sentence, hint }: PolicyProblem): string {
  const place = file === '' ? '' : `${file}${line === undefined ? '' : `:${line}`}: `
  return `${place}${sentence}${hint === undefined ? '' : ` (${hint})`}`
}

export function problem(
  code: PolicyProblemCode,
  file: string,
  sentence: string,
  more: { readonly line?: number | undefined; readonly hint?: string | undefined } = {},
): PolicyProblem {
  return {
    code,
    file: printable(file),
    ...(more.line === undefined ? {} : { line: more.line }),
    sentence: printable(sentence),
    ...(more.hint === undefined ? {} : { hint: printable(more.hint) }),
  }
}

const MAX_SENTENCE = 400

/** Messages quote foreign text: it must neither flood nor steer the terminal that shows it. */
function printable(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > MAX_SENTENCE ? `${plain.slice(0, MAX_SENTENCE)}…` : plain
}
