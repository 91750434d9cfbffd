/** The console's login as a cookie: no script can read it, no other site can send it. */

import type { FastifyReply } from 'fastify'
import type { Config } from './port.ts'

export const LOGIN_COOKIE = 'countersign_login'

function attributes({ publicUrl }: Config) {
  const secure = publicUrl.startsWith('https:')
  return { path: '/', httpOnly: true, sameSite: 'strict', secure } as const
}

/** `expiresAt` in ms, the end of the login itself. */
export function setLoginCookie(reply: FastifyReply, token: string, expiresAt: number, config: Config): void {
  void reply.setCookie(LOGIN_COOKIE, token, { ...attributes(config), expires: new Date(expiresAt) })
}

export function clearLoginCookie(reply: FastifyReply, config: Config): void {
  void reply.clearCookie(LOGIN_COOKIE, attributes(config))
}
