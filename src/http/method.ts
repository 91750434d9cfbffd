/** Methods that no route has: answered with those that it has, and read into nothing. */

import type { HTTPMethods } from 'fastify'
import type { App } from './app.ts'
import { problem, sendProblem } from './problem.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies HTTPMethods[]

/** Watches which routes are made from here on; call the result once they all are. `app.routesMade` lists them. */
export function refuseOtherMethods(app: App): () => void {
  const methods = new Map<string, Set<string>>()
  let isWatching = true
  app.decorate('routesMade', methods)
  app.addHook('onRoute', ({ url, method }) => {
    if (!isWatching) return
    const known = methods.get(url) ?? new Set()
    methods.set(url, known)
    for (const one of [method].flat()) known.add(one)
  })
  return () => {
    isWatching = false
    for (const [url, known] of methods) refuse(app, url, known)
  }
}

function refuse(app: App, url: string, known: ReadonlySet<string>): void {
  const allow = [...known].sort().join(', ')
  app.route({
    method: METHODS.filter((method) => !known.has(method)),
    url,
    schema: { hide: true },
    config: { access: 'anyone' },
    onRequest: async (_, reply) => {
      void reply.header('allow', allow)
      return sendProblem(reply, problem('method_not_allowed', `This address takes ${allow}.`))
    },
    handler: async () => undefined,
  })
}
