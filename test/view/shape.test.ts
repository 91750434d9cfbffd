import { expect, test } from 'vitest'
import * as z from '../../src/bytes/schema.ts'
import * as shape from '../../src/control/view/shape.ts'

const schemas = Object.entries(shape).flatMap(([name, schema]) =>
  schema instanceof z.ZodType ? [[name, schema] as const] : [],
)

test.each(schemas)('%s can be told as JSON Schema, closed', (_, schema) => {
  const told = z.toJSONSchema(schema, { target: 'draft-2020-12' })
  if (told.type === 'object') expect(told.additionalProperties).toBe(false)
})
