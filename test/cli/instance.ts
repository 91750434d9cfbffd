/** A whole small company by command line alone: `countersign up`, its people, a CI, a guarded repository. */

import { spawn, type ChildProcess } from 'node:child_process'
import type { Server } from 'node:http'
import { startIssuer } from '../../src/cli/demo/ci-issuer.ts'
import { freePort } from '../world/sshd.ts'
import { Home, LAUNCHER, type Ended } from './command-line.ts'

const CONTROL = 'only-the-ci-knows'

export class Instance implements AsyncDisposable {
  readonly home = new Home()
  url = ''
  issuer = ''
  /** What the server said on stdout and stderr. */
  said = ''
  #server: ChildProcess | undefined
  #ci: Server | undefined

  static async open(): Promise<Instance> {
    await using opened = new AsyncDisposableStack()
    const instance = opened.use(new Instance())
    await instance.#up()
    const { server, ready } = startIssuer(CONTROL)
    instance.#ci = server
    instance.issuer = await ready
    opened.move()
    return instance
  }

  async #up(): Promise<void> {
    const child = spawn(LAUNCHER, ['up', '--dir', this.home.path('data'), '--port', String(await freePort())], {
      env: this.home.env,
      cwd: this.home.folder,
    })
    this.#server = child
    await new Promise<void>((resolve, reject) => {
      const listen = (chunk: Buffer) => {
        this.said += chunk.toString()
        if (/enrol#\S+/u.test(this.said)) resolve()
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
      child.once('close', () => reject(new Error(`the server ended: ${this.said}`)))
    })
    this.url = /http:\/\/localhost:\d+/u.exec(this.said)![0]
    this.home.env['COUNTERSIGN_SERVER'] = this.url
  }

  /** Runs a command as one person, each with a state of their own. */
  async as(person: string, args: readonly string[]): Promise<Ended> {
    return await this.home.run(args, { env: this.envOf(person) })
  }

  /** The same, and it must succeed. */
  async ok(person: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.as(person, args)
    if (code !== 0) throw new Error(`countersign ${args.join(' ')} exits ${code}: ${stderr}`)
    return stdout
  }

  envOf(person: string): Record<string, string> {
    return { XDG_STATE_HOME: this.home.path(`state-${person}`) }
  }

  passkeyOf(person: string): string {
    return this.home.path(`${person}.passkey`)
  }

  async enrolFirst(person: string): Promise<void> {
    const token = this.home.write('setup', /enrol#(\S+)/u.exec(this.said)![1]!)
    const about = ['--handle', person, '--name', person, '--email', `${person}@acme.test`, '--zone', 'UTC']
    await this.ok(
      person,
      'people',
      'enrol',
      '--token-file',
      token,
      '--software-passkey',
      this.passkeyOf(person),
      ...about,
    )
    await this.login(person)
  }

  async enrol(admin: string, person: string, ...roles: readonly string[]): Promise<void> {
    const token = this.home.path(`${person}.token`)
    const about = ['--name', person, '--email', `${person}@acme.test`, '--zone', 'UTC', '--token-out', token]
    await this.ok(admin, 'people', 'invite', person, ...about, ...roles.flatMap((role) => ['--role', role]))
    await this.ok(person, 'people', 'enrol', '--token-file', token, '--software-passkey', this.passkeyOf(person))
    await this.login(person)
  }

  async login(person: string): Promise<void> {
    await this.ok(person, 'login', '--software-passkey', this.passkeyOf(person))
  }

  /** The environment of a fresh job, as GitHub Actions would set it. */
  async job(claims: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const answer = await fetch(`${this.issuer}/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CONTROL}` },
      body: JSON.stringify({ claims }),
    })
    const { requestUrl, requestToken } = (await answer.json()) as { requestUrl: string; requestToken: string }
    const folder = this.home.path(`job-${claims['run_id']}`)
    return {
      ...this.envOf('ci'),
      ACTIONS_ID_TOKEN_REQUEST_URL: requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
      COUNTERSIGN_JOB_DIR: folder,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [server, ci] = [this.#server, this.#ci]
    if (server?.exitCode === null) await new Promise((resolve) => server.once('close', resolve).kill('SIGTERM'))
    ci?.closeAllConnections()
    if (ci) await new Promise((resolve) => ci.close(resolve))
    this.home[Symbol.dispose]()
  }
}
