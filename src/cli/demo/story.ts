/** The nine facts in their order, on one stage; whatever fails, nothing of the stage stays behind. */

import { openPage } from '../browser.ts'
import { EXIT } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { answerWhy } from './answer.ts'
import { bearLog, type Server } from './birth.ts'
import type { Cast } from './cast.ts'
import { CiIssuer } from './ci.ts'
import { freePort } from './companion.ts'
import { inviteViewer, tellDoor, tellSummary } from './ending.ts'
import { enrolPeople } from './enrolment.ts'
import { build, openGate } from './gate.ts'
import { lend } from './lending.ts'
import type { PostgresKind } from './postgres-program.ts'
import { openProduction, prepareProduction } from './production.ts'
import { pushSigned, pushUnverified } from './push.ts'
import { openShop } from './shop.ts'
import type { SshdKind } from './sshd.ts'
import { Stage } from './stage.ts'
import { standIn } from './stand-in.ts'
import { tellSurvey } from './survey.ts'
import { Tale } from './tale.ts'
import { tamper } from './tampering.ts'

export interface StoryOptions {
  /** End once the facts are told, with 0 only when all of them happened. */
  readonly ci?: boolean
  readonly dir?: string
  readonly repo?: string
  readonly port?: number
  /** Open the console in a browser at the end. */
  readonly open?: boolean
  readonly ssh?: SshdKind
  readonly postgres?: PostgresKind
}

const DEFAULT_PORT = 7443
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export async function runStory(options: StoryOptions, terminal: Terminal): Promise<number> {
  const interruption = Promise.withResolvers<number>()
  const interrupt = () => interruption.resolve(EXIT.interrupted)
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    await using stage = Stage.open(options.dir)
    const tale = new Tale(terminal, stage.directory, () => stage.fallen?.failure('has ended by itself').message)
    const told = tellStory(stage, tale, options, terminal)
    // After an interruption its remaining steps fail on a stage that is being taken down; nobody needs to hear of it.
    told.catch(() => {})
    const code = await Promise.race([told, interruption.promise])
    tale.end()
    return code
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
}

async function tellStory(stage: Stage, tale: Tale, options: StoryOptions, terminal: Terminal): Promise<number> {
  const startedAt = performance.now()
  const kept = stage.isKept ? 'kept there' : 'removed at the end'
  tale.print(`Everything below happens for real, on this machine, in ${stage.directory} (${kept}; ~demo below).`)
  tale.print('The people are made up. Lines such as ivo$ are commands that they type.')
  const { server, cast, zone } = await tellFacts(stage, tale, options)
  const tookMs = Math.round(performance.now() - startedAt)
  tellSummary(tale, terminal, tookMs)
  const result = {
    facts: tale.facts.length,
    tookMs,
    url: server.url,
    directory: stage.isKept ? stage.directory : undefined,
  }
  if (options.ci) {
    terminal.result(result, () => '')
    return EXIT.ok
  }
  const enrolmentUrl = await inviteViewer(cast, server, zone)
  tellDoor(tale, terminal, server, enrolmentUrl)
  terminal.result({ ...result, enrolmentUrl }, () => '')
  if (options.open) openPage(enrolmentUrl, terminal)
  throw await stage.firstFall()
}

interface Told {
  readonly server: Server
  readonly cast: Cast
  readonly zone: string
}

async function tellFacts(stage: Stage, tale: Tale, options: StoryOptions): Promise<Told> {
  const standIns = standIn(stage)
  if (standIns.length > 0) tale.print(`Not on this machine, so programs of ours stand in: ${standIns.join(', ')}.`)
  // Begun now, needed later: a database takes a while to be made.
  const preparation = prepareProduction(stage, { ssh: options.ssh, postgres: options.postgres })
  const shop = await openShop(stage, options.repo)
  if (options.repo !== undefined) await tellSurvey(stage, tale, shop, options.repo)
  const port = options.port ?? (await preferredPort())

  const server = await tale.fact('Log born', () => bearLog(stage, tale, port))
  const enrolled = await tale.fact('People enrolled', () => enrolPeople(stage, tale, server))
  const { cast } = enrolled
  const issuer = await CiIssuer.start(stage)
  const pushing = { stage, tale, enrolled, shop, issuer }
  const commit = await tale.fact('Signed push accepted', () => pushSigned(pushing))
  await tale.fact('Unsigned push refused', () => pushUnverified(pushing))
  tale.print('\n   Production')
  const production = await openProduction({ stage, tale, server, mara: cast.mara, shop }, preparation)
  const built = await tale.fact('Build attested', () => build({ stage, tale, server, shop, issuer, commit }, cast))
  const gated = await tale.fact('Gate held', () => openGate(built, cast, tale))
  const lending = { stage, tale, cast, production, built, gated }
  const deployedAt = await tale.fact('Credentials lent', () => lend(lending))
  await tale.fact('Question answered', () => answerWhy(built.digest, deployedAt, cast, tale))
  await tale.fact('Tampering shown', () => tamper({ stage, tale, cast, server, leafIndex: gated.approvedAt }))
  return { server, cast, zone: cast.mara.portrait.zone }
}

/** The one that people know, if it is free. */
async function preferredPort(): Promise<number> {
  return await freePort(DEFAULT_PORT).catch(() => freePort())
}
