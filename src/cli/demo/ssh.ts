/**
 * A program: runs one command on the demo's ssh2 server with a certificate, for machines without ssh. What it prints, and 255
 * for whatever keeps it from running the command, are ssh's own.
 *
 *     node ssh.ts -F CONFIG HOST COMMAND
 *     node ssh.ts -F none -i KEY -o CertificateFile=FILE -o UserKnownHostsFile=FILE -p PORT USER@HOST COMMAND
 */

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import ssh2, { type ParsedKey } from 'ssh2'
import { base64 } from '../../bytes/text.ts'

type Settings = ReadonlyMap<string, string>

const FAILED = 255

/** Settings of one host in a configuration file, by lower-case name; values without their quotes. */
export function readConfig(text: string, host: string): Settings {
  const section = text.split(/^Host /mu).find((part) => part.split('\n')[0] === host) ?? ''
  const lines = section
    .split('\n')
    .slice(1)
    .flatMap((line) => [/^\s+(\w+)\s+(.*)$/u.exec(line) ?? []])
  return new Map(
    lines.flatMap(([, name, value]) => (name ? [[name.toLowerCase(), value!.replace(/^"(.*)"$/u, '$1')]] : [])),
  )
}

function settingsOf(args: readonly string[]): { readonly settings: Settings; readonly command: string } {
  const options = {
    config: { type: 'string', short: 'F' },
    key: { type: 'string', short: 'i' },
    port: { type: 'string', short: 'p' },
  } as const
  const option = { type: 'string', short: 'o', multiple: true } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...options, option },
    allowPositionals: true,
  })
  const [place = '', ...command] = positionals
  const { config = 'none', key, port, option: given = [] } = values
  if (config !== 'none')
    return { settings: readConfig(readFileSync(config, 'utf8'), place), command: command.join(' ') }
  const [user = '', hostname = ''] = place.split('@')
  const named = given.map((each): [string, string] => [
    each.split('=')[0]!.toLowerCase(),
    each.slice(each.indexOf('=') + 1),
  ])
  const settings = new Map([
    ...named,
    ['user', user],
    ['hostname', hostname],
    ['port', port ?? '22'],
    ['identityfile', key ?? ''],
  ])
  return { settings, command: command.join(' ') }
}

/** The private key, which shows the certificate in place of its public half. */
function certified(settings: Settings): ParsedKey {
  const key = ssh2.utils.parseKey(readFileSync(settings.get('identityfile') ?? '', 'utf8'))
  if (key instanceof Error) throw key
  const [type = '', blob = ''] = readFileSync(settings.get('certificatefile') ?? '', 'utf8').split(' ')
  const bytes = Buffer.from(base64.decode(blob.trim()))
  return Object.assign(key, { type, getPublicSSH: () => bytes })
}

function isKnown(settings: Settings, key: Buffer): boolean {
  const name = `[${settings.get('hostname')}]:${settings.get('port')} `
  const lines = readFileSync(settings.get('userknownhostsfile') ?? '', 'utf8').split('\n')
  return lines.some((line) => line.startsWith(name) && line.split(' ')[2] === key.toString('base64'))
}

async function run({ settings, command }: ReturnType<typeof settingsOf>): Promise<number> {
  const client = new ssh2.Client()
  const [host, port, username] = [
    settings.get('hostname') ?? '',
    Number(settings.get('port')),
    settings.get('user') ?? '',
  ]
  const key = certified(settings)
  return await new Promise<number>((resolve, reject) => {
    client.once('error', reject)
    client.once('ready', () => {
      client.exec(command, (error, channel) => {
        if (error) return reject(error)
        process.stdin.pipe(channel)
        channel.pipe(process.stdout)
        channel.stderr.pipe(process.stderr)
        channel.once('exit', (code: number | null) => resolve(code ?? FAILED))
        channel.once('close', () => client.end())
      })
    })
    // One attempt: the handler is asked again after a refusal, and has nothing more to offer.
    let isTried = false
    const authHandler = (_left: unknown, _partial: unknown, next: (method: unknown) => void) => {
      next(isTried ? false : { type: 'publickey', username, key })
      isTried = true
    }
    client.connect({
      host,
      port,
      username,
      authHandler: authHandler as never,
      hostVerifier: (shown: Buffer) => isKnown(settings, shown),
      readyTimeout: 10_000,
    })
  })
}

if (import.meta.main) {
  const asked = settingsOf(process.argv.slice(2))
  try {
    process.exitCode = await run(asked)
  } catch (error) {
    const isRefused = (error as { level?: string }).level === 'client-authentication'
    const place = `${asked.settings.get('user')}@${asked.settings.get('hostname')}`
    process.stderr.write(
      isRefused ? `${place}: Permission denied (publickey).\n` : `ssh: ${(error as Error).message}\n`,
    )
    process.exitCode = FAILED
  }
  process.stdin.destroy()
}
