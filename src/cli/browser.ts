/** Opens a page for the person at this machine, when there is a screen to open it on. The URL is always printed too. */

import { spawn } from 'node:child_process'
import type { Environment, Terminal } from './terminal.ts'

export function openPage(url: string, terminal: Terminal): void {
  terminal.say(`open ${url}`)
  const opener = terminal.isInteractive ? openerOf(terminal.env) : undefined
  if (!opener) return
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

function openerOf(env: Environment): string | undefined {
  if (env['SSH_CONNECTION'] || env['CI']) return undefined
  if (process.platform === 'darwin') return 'open'
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? 'xdg-open' : undefined
}
