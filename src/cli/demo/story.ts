/** The nine facts in their order, on one stage. */

import type { Terminal } from '../terminal.ts'
import { bearLog } from './birth.ts'
import { CiIssuer } from './ci.ts'
import { enrolPeople } from './enrolment.ts'
import { prepareProduction, openProduction } from './production.ts'
import { pushSigned, pushUnverified } from './push.ts'
import { openShop } from './shop.ts'
import { Stage } from './stage.ts'
import { Tale } from './tale.ts'
import { freePort } from './companion.ts'
import { build, openGate } from './gate.ts'
import { lend } from './lending.ts'
import { tamper } from './tampering.ts'
import { answerWhy } from './answer.ts'

export interface StoryOptions {
  readonly dir?: string
  readonly repo?: string
  readonly port?: number
}

export async function runStory(options: StoryOptions, terminal: Terminal): Promise<number> {
  await using stage = Stage.open(options.dir)
  const tale = new Tale(terminal, stage.directory)
  const preparation = prepareProduction(stage, {})
  const issuer = await CiIssuer.start(stage)
  const shop = await openShop(stage, options.repo)
  const server = await tale.fact('Log born', () => freePort().then((port) => bearLog(stage, tale, port)))
  const enrolled = await tale.fact('People enrolled', () => enrolPeople(stage, tale, server))
  const pushing = { stage, tale, enrolled, shop, issuer }
  const commit = await tale.fact('Signed push accepted', () => pushSigned(pushing))
  await tale.fact('Unsigned push refused', () => pushUnverified(pushing))
  const { cast } = enrolled
  const production = await openProduction({ stage, tale, server, mara: cast.mara, shop }, preparation)
  const built = await tale.fact('Build attested', () => build({ stage, tale, server, shop, issuer, commit }, cast))
  const gated = await tale.fact('Gate', () => openGate(built, cast, tale))
  const deployed = await tale.fact('Credentials', () => lend({ stage, tale, cast, production, built, gated }))
  await tale.fact('Answer', () => answerWhy(built.digest, deployed, cast, tale))
  await tale.fact('Tampering', () => tamper({ stage, tale, cast, server, leafIndex: gated.approvedAt }))
  return 0
}
