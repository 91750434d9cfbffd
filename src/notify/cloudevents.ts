/** CloudEvents 1.0: what a leaf is anyway (structured mode, JSON). */

import { parse } from '../bytes/json.ts'
import type { Source } from './source.ts'

export function cloudevents({ text }: Source): object {
  return parse(text) as object
}
