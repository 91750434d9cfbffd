/** The API's description (OpenAPI 3.1), out of the very schemas that validate and answer. */

import type { SwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import { LOGIN_COOKIE } from './cookie.ts'
import type { Config } from './port.ts'
import { problemShape } from './problem.ts'

const named = {
  Alert: shape.alert,
  Environment: shape.environment,
  Grant: shape.grant,
  Issuer: shape.issuer,
  Leaf: shape.leafDetail,
  LogStatus: shape.logStatus,
  Person: shape.person,
  Problem: problemShape,
  Proof: shape.proof,
  Release: shape.release,
  ReleaseSummary: shape.releaseSummary,
  Repository: shape.repository,
  Row: shape.row,
  Station: shape.station,
  Target: shape.target,
  Who: shape.who,
}
for (const [id, schema] of Object.entries(named)) z.globalRegistry.add(schema, { id })

export function describeApi(config: Config): SwaggerOptions {
  return {
    openapi: document(config),
    transform: jsonSchemaTransform,
    transformObject: (made) => tidy(jsonSchemaTransformObject(made)),
  }
}

function document({ publicUrl, version }: Config) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version,
      description:
        'Who may do what in the release flow, decided by policy and written into a log that nobody can edit. Every write ' +
        'answers with a receipt: the decision, its exact leaf, and the proof that it is in the log.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    components: {
      securitySchemes: {
        bearer: { type: 'http' as const, scheme: 'bearer', description: 'The token of a login, cs_…' },
        cookie: {
          ...{ type: 'apiKey' as const, in: 'cookie' as const, name: LOGIN_COOKIE },
          description: 'The console’s login; what changes anything needs our Origin besides.',
        },
        door: {
          ...{ type: 'apiKey' as const, in: 'header' as const, name: 'authorization' },
          description: 'Door and a JWT (EdDSA) over this very body, good once and for a minute',
        },
      },
    },
  }
}

type Made = ReturnType<typeof jsonSchemaTransformObject>
type Paths = { readonly [path: string]: { readonly post?: Operation } }
type Operation = { readonly security: readonly unknown[]; parameters?: readonly unknown[] }

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and request within a day is done once, and answered with the first answer.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

type Tree = { readonly [name: string]: unknown }

const REFERENCE = '#/components/schemas/'

/** The generator names what is recursive, and does not say it; here that is only "any JSON". Unused twins are left out. */
function tidy(made: Made): Made {
  const text = JSON.stringify(made).replaceAll(/#\/components\/schemas\/schema\d+/g, `${REFERENCE}Json`)
  const whole = JSON.parse(text) as { paths: Paths; components: { schemas: Tree } }
  for (const { post } of Object.values(whole.paths))
    if (post && post.security.length > 0) post.parameters = [...(post.parameters ?? []), idempotencyKey]
  const all: Tree = { ...whole.components.schemas, Json: { description: 'Any JSON value.' } }
  const used = new Set<string>()
  const visit = (tree: unknown) => {
    for (const [, name] of JSON.stringify(tree).matchAll(/#\/components\/schemas\/([A-Za-z0-9]+)/g)) {
      if (used.has(name!)) continue
      used.add(name!)
      visit(all[name!])
    }
  }
  visit(whole.paths)
  const schemas = Object.fromEntries([...used].sort().map((name) => [name, all[name]]))
  return { ...whole, components: { ...whole.components, schemas } } as unknown as Made
}
