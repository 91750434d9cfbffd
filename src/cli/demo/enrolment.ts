/** Fact 2: people with passkeys, roles and git signing keys. No browser takes part, so the passkeys are software and say so. */

import type * as z from '../../bytes/schema.ts'
import * as shape from '../../control/view/shape.ts'
import type { Server } from './birth.ts'
import { setupTokenFile } from './birth.ts'
import { GIVEN, INVITED, portraits, type Cast, type Handle } from './cast.ts'
import { eventually, mustHold } from './eventually.ts'
import { Person } from './person.ts'
import { hasProgram } from './sshd.ts'
import type { Stage } from './stage.ts'
import type { Proof, Tale } from './tale.ts'
import { chooseZones } from './zone.ts'

export interface Enrolled {
  readonly cast: Cast
  /** Whether Li signs with OpenPGP, as she does where gpg is installed. */
  readonly hasOpenpgp: boolean
}

const ALERT_MS = 10_000

export async function enrolPeople(stage: Stage, tale: Tale, server: Server): Promise<Proof & { outcome: Enrolled }> {
  const zones = chooseZones(Date.now())
  const people = portraits(zones).map((portrait) => new Person(portrait, server.url, { stage, tale }))
  const cast = Object.fromEntries(people.map((person) => [person.handle, person])) as Cast
  await enrolFirst(cast.mara, setupTokenFile(server))
  await Promise.all(Object.entries(INVITED).map(([handle, roles]) => invite(cast, handle as Handle, roles)))
  tale.say(`it is night in ${zones.away} now, where @li lives${zones.isWorking ? '' : '; and a weekend for everybody'}`)

  const hasOpenpgp = hasProgram('gpg')
  const keys = await Promise.all([setUpSsh(cast.ivo), hasOpenpgp ? setUpOpenpgp(cast.li, stage) : setUpSsh(cast.li)])
  if (!hasOpenpgp)
    tale.say('gpg is not installed on this machine, so @li signs with SSH too: OpenPGP is not shown here')
  await giveRoles(cast, tale)
  await confirm(cast, hasOpenpgp)
  await untilFired('out_of_hours', { cast, stage, tale })
  await untilFired('rapid_roles', { cast, stage, tale })
  const sentence = `5 people enrolled with software passkeys, 2 with git keys (SSH${hasOpenpgp ? ' and OpenPGP' : ''}), with roles`
  return { sentence, leafIndex: Math.max(...keys), outcome: { cast, hasOpenpgp } }
}

async function enrolFirst(mara: Person, tokenFile: string): Promise<void> {
  const { handle, name, email, zone } = mara.portrait
  const about = ['--handle', handle, '--name', name, '--email', email, '--zone', zone]
  const proof = ['--token-file', tokenFile, '--software-passkey', 'passkey.json']
  await mara.countersign(['people', 'enrol', ...proof, ...about])
  await signIn(mara)
}

async function invite({ mara, ...cast }: Cast, handle: Handle, roles: readonly string[]): Promise<void> {
  const person = cast[handle as Exclude<Handle, 'mara'>]
  const { name, email, zone } = person.portrait
  const about = ['--name', name, '--email', email, '--zone', zone, ...roles.flatMap((role) => ['--role', role])]
  const invitation = `${person.home}/invitation`
  await mara.countersign(['people', 'invite', handle, ...about, '--token-out', invitation])
  await person.countersign(['people', 'enrol', '--token-file', 'invitation', '--software-passkey', 'passkey.json'])
  await signIn(person)
}

/** A sign-in, with which everything that a person may do begins. */
export async function signIn(person: Person): Promise<void> {
  await person.countersign(['login', '--software-passkey', 'passkey.json'])
}

async function introduceToGit(person: Person): Promise<void> {
  const { name, email } = person.portrait
  for (const [key, value] of [
    ['user.name', name],
    ['user.email', email],
    ['init.defaultBranch', 'main'],
  ] as const) {
    await person.do(['git', 'config', '--global', key, value])
  }
}

async function setUpSsh(person: Person): Promise<number> {
  await introduceToGit(person)
  return leafOf(await person.countersign(['git', 'setup', '--no-passphrase']))
}

async function setUpOpenpgp(person: Person, stage: Stage): Promise<number> {
  await introduceToGit(person)
  // gpg talks to its agent through a socket in this folder, and sockets have short names.
  const home = stage.shortFolder()
  person.env['GNUPGHOME'] = home
  stage.defer(
    async () => void (await stage.run('gpgconf', ['--kill', 'all'], { env: { GNUPGHOME: home } }).catch(() => {})),
  )
  const { name, email } = person.portrait
  const unattended = ['--batch', '--quiet', '--passphrase', '', '--pinentry-mode', 'loopback']
  await person.type(['gpg', ...unattended, '--quick-gen-key', `${name} <${email}>`, 'ed25519', 'sign', 'never'])
  const { stdout } = await person.do(['gpg', '--batch', '--with-colons', '--list-keys', email])
  const fingerprint = /^fpr:+([0-9A-F]{40}):/mu.exec(stdout)?.[1] ?? ''
  return leafOf(await person.countersign(['git', 'setup', '--openpgp', fingerprint]))
}

function leafOf({ leafIndex, stdout }: { readonly leafIndex: number | undefined; readonly stdout: string }): number {
  mustHold(leafIndex !== undefined, `the key is registered (${stdout.trim()})`)
  return leafIndex
}

async function giveRoles({ mara }: Cast, tale: Tale): Promise<void> {
  for (const [handle, role] of GIVEN) await mara.countersign(['people', 'role', 'add', `@${handle}`, role])
  tale.say('four roles in a row by one person: a rule watches for that')
}

async function confirm({ mara }: Cast, hasOpenpgp: boolean): Promise<void> {
  const { people } = await mara.get('/api/v1/people', shape.people)
  const enrolled = people.filter((person) => person.enrolled && !person.revoked && person.passkeys === 1)
  mustHold(enrolled.length === 5, 'five people are enrolled, each with a passkey')
  mustHold(
    people.every(({ who }) => who.software === true),
    'each passkey is labelled as software',
  )
  const formats = people.flatMap(({ keys }) => keys.map(({ format }) => format)).sort()
  mustHold(formats.join() === (hasOpenpgp ? 'openpgp,ssh' : 'ssh,ssh'), `git keys are registered (${formats.join()})`)
  const rolesOf = (handle: string) => people.find(({ who }) => who.name.replace('@', '') === handle)?.roles ?? []
  mustHold(
    GIVEN.every(([handle, role]) => rolesOf(handle).includes(role)),
    'everybody holds the roles that were given',
  )
}

type Watched = { readonly cast: Cast; readonly stage: Stage; readonly tale: Tale }

/** The alert of that rule, once it fired on what happened here. */
export async function untilFired(
  rule: z.infer<typeof shape.alert>['rule'],
  { cast, stage, tale }: Watched,
): Promise<shape.Alert> {
  const look = async () => {
    const { alerts } = await cast.mara.get('/api/v1/alerts', shape.alerts)
    return alerts.find((alert) => alert.rule === rule)
  }
  const found = await eventually(`the alert ${rule}`, ALERT_MS, look, stage)
  tale.say(`alert ${rule}: ${found.sentence}`, found.leafIndex)
  return found
}
