/** One look: who you are, what waits for you, what is in flight, how the log is. */

import * as z from '../bytes/schema.ts'
import { formatWho, instant, leafIndex, shown, who } from './contract.ts'
import { releaseSummary } from './contract-release.ts'
import { logStatus } from './log-status.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { formatReleases } from './release-list.ts'
import { openHead } from './proof.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant } from './text.ts'

const login = z.object({
  login: shown,
  who,
  expiresAt: instant,
  roles: z.array(shown).default([]),
  method: shown.optional(),
})
const overview = z.object({
  needsYou: z.array(z.object({ kind: shown, text: shown, href: shown.optional(), at: instant.optional() })).default([]),
  releases: z.array(releaseSummary).default([]),
  last24h: z.object({ allowed: z.int(), refused: z.int() }).optional(),
  log: logStatus,
  leafIndex: leafIndex.optional(),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const me = await client.get('/api/v1/logins/current', login)
  const seen = await client.get('/api/v1/overview', overview)
  openHead(seen.log.checkpoint, await client.pinFor(seen.log.checkpoint))
  terminal.result({ server: client.server, login: me, ...seen }, () => {
    const { paint } = terminal
    const inFlight = seen.releases.filter(({ state }) => ['waiting', 'approved', 'deploying'].includes(state))
    const health = seen.log.healthy
      ? paint.good('healthy')
      : paint.bad(`in trouble: ${seen.log.trouble?.sentence ?? ''}`)
    return [
      `${formatWho(me.who)} at ${client.server} until ${formatInstant(me.expiresAt)}${me.roles.length > 0 ? ` · ${me.roles.join(', ')}` : ''}`,
      `log ${seen.log.origin}: ${seen.log.treeSize} leaves, ${health}`,
      ...(seen.last24h ? [`last 24 h: ${seen.last24h.allowed} allowed, ${seen.last24h.refused} refused`] : []),
      ...(seen.log.stamp?.trouble ? [paint.amber(seen.log.stamp.trouble)] : []),
      ...seen.needsYou.map(({ text }) => `${paint.amber('needs you')}: ${text}`),
      ...(inFlight.length > 0 ? ['', formatReleases(inFlight, terminal)] : []),
    ].join('\n')
  })
  return 0
}
