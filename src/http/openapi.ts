/** The API's description (OpenAPI 3.1), out of the very schemas that validate, and the answer to methods that no route has. */

import type { SwaggerOptions } from '@fastify/swagger'
import type { HTTPMethods } from 'fastify'
import type { App } from './app.ts'
import { LOGIN_COOKIE } from './cookie.ts'
import type { Config } from './port.ts'
import { problem, sendProblem } from './problem.ts'

type Document = NonNullable<Extract<SwaggerOptions, { openapi?: unknown }>['openapi']>

export function document({ publicUrl, version }: Config): Document {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version,
      description:
        'Who may do what in the release flow, decided by policy and written into a log that nobody can edit. Every write answers with a receipt: the decision, its exact leaf, and the proof that it is in the log.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A login’s token, cs_…' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: LOGIN_COOKIE,
          description: 'The console’s login; unsafe methods need our Origin.',
        },
        door: {
          type: 'apiKey',
          in: 'header',
          name: 'authorization',
          description: 'Door <JWT, EdDSA, over this very body>',
        },
      },
    },
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies HTTPMethods[]

/** Watches which routes are made from here on; call the result once they all are. */
export function refuseOtherMethods(app: App): () => void {
  const methods = new Map<string, Set<string>>()
  let isWatching = true
  app.addHook('onRoute', ({ url, method }) => {
    if (!isWatching) return
    const known = methods.get(url) ?? new Set()
    methods.set(url, known)
    for (const one of [method].flat()) known.add(one)
  })
  return () => {
    isWatching = false
    for (const [url, known] of methods) {
      const allow = [...known].sort().join(', ')
      app.route({
        method: METHODS.filter((method) => !known.has(method)),
        url,
        schema: { hide: true },
        config: { access: 'anyone' },
        // Whatever the body is, the answer is the same: it is not read into anything.
        onRequest: async (_, reply) => {
          void reply.header('allow', allow)
          return sendProblem(reply, problem('method_not_allowed', `This address takes ${allow}.`))
        },
        handler: async () => undefined,
      })
    }
  }
}
