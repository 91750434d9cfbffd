/** The machine's own MariaDB on a loopback port and a socket, with its data in one directory. */

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from './sshd.ts'

export type Mariadb = AsyncDisposable & {
  /** Of the administrator, over the socket. */
  readonly adminUrl: string
  readonly host: string
  readonly port: number
  /** As the administrator. */
  run(sql: string): string
  log(): string
}

/** Fresh data in `directory`; rejects when it is not ready within 30 s. */
export async function startMariadb({ directory }: { readonly directory: string }): Promise<Mariadb> {
  const [data, socket, logFile] = [join(directory, 'data'), join(directory, 's'), join(directory, 'general.log')]
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const { username } = userInfo()
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  execFileSync('mariadb-install-db', [...install, `--user=${username}`], { stdio: 'pipe', timeout: 60_000 })
  const port = await freePort()
  const child = spawn(
    '/usr/sbin/mariadbd',
    [
      ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[
        `--user=${username}`,
        '--general-log=1',
        `--general-log-file=${logFile}`,
        '--innodb-flush-log-at-trx-commit=0',
      ],
      ...['--skip-networking=0', '--innodb-buffer-pool-size=16M', `--pid-file=${join(directory, 'pid')}`],
    ],
    { stdio: 'ignore' },
  )
  const secret = crypto.randomUUID()
  const option = join(directory, 'admin.cnf')
  const write = (password: string) =>
    writeFileSync(option, `[client]\nuser=root\npassword=${password}\nsocket=${socket}\n`, { mode: 0o600 })
  const run = (sql: string) =>
    execFileSync('mariadb', [`--defaults-file=${option}`, '--batch', '--skip-column-names', '-e', sql], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  write('')
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      run('SELECT 1')
      break
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  run(`SET PASSWORD = PASSWORD('${secret}')`)
  write(secret)
  return {
    adminUrl: `mysql://root:${secret}@localhost/?socket=${encodeURIComponent(socket)}`,
    ...{ host: '127.0.0.1', port, run, log: () => readFileSync(logFile, 'utf8') },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}
