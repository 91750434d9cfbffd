/** Which of our events evidence which control of a framework: data, in `controls/`, so that a new edition needs no code. */

import { parse } from '../../bytes/json.ts'
import { fieldsOf, listOf, textOf } from './plain-leaf.ts'

export type Control = {
  readonly id: string
  readonly asks: string
  /** Event types that evidence it: `approval.given`. */
  readonly events: readonly string[]
  /** Lists of the package to look into. */
  readonly populations: readonly string[]
  /** What has to come from somewhere else. */
  readonly elsewhere: string
}

export type ControlMap = {
  readonly framework: string
  readonly title: string
  readonly controls: readonly Control[]
}

/** Throws a SyntaxError for text that is not JSON; what a map does not say is empty. */
export function parseControlMap(text: string): ControlMap {
  const map = fieldsOf(parse(text))
  return {
    framework: textOf(map['framework']),
    title: textOf(map['title']),
    controls: listOf(map['controls'])
      .map(fieldsOf)
      .map((control) => ({
        id: textOf(control['id']),
        asks: textOf(control['asks']),
        events: listOf(control['events']).map(textOf),
        populations: listOf(control['populations']).map(textOf),
        elsewhere: textOf(control['elsewhere']),
      })),
  }
}
