/** A schema the engine can validate against in bounded time. */

import { type ParsedSchema, parseSchema } from './engine.ts'
import { problem, type PolicyProblem } from './problem.ts'
import { lineOfByte, schemaShape, tooComplex } from './source.ts'

export type Schema = ParsedSchema & { readonly text: string }

// Validation expands common types wherever they are used (each level of nesting may double the work, or worse), closes
// groups over their ancestors (quadratic), and visits every policy in every environment.
const MAX_LENGTH = 32 * 1024
const MAX_ENVIRONMENTS = 256

export function loadSchema(file: string, text: string): Schema | PolicyProblem[] {
  const complex = (reason: string) => [problem('too_complex', file, `The schema is too complex: ${reason}.`)]

  if (text.length > MAX_LENGTH) return complex(`${text.length} characters; ${MAX_LENGTH} are allowed`)
  const reason = tooComplex({ text, shape: schemaShape(text) })
  if (reason !== undefined) return complex(reason)

  const schema = parseSchema(text)
  if (Array.isArray(schema)) {
    return schema.map(({ message, help, offset }) =>
      problem('schema', file, message, {
        line: offset === undefined ? undefined : lineOfByte(text, offset),
        hint: help,
      }),
    )
  }
  if (schema.nestedTypes.length > 0) return complex(`type ${schema.nestedTypes[0]} is made of another declared type`)
  if (schema.environments > MAX_ENVIRONMENTS) {
    return complex(
      `${schema.environments} combinations of principal, action and resource; ${MAX_ENVIRONMENTS} are allowed`,
    )
  }
  return { ...schema, text }
}
