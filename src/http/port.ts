/** What the HTTP floor stands on: the parts of one running instance, as far as it needs to see them. */

import type { Authorities } from '../control/authority.ts'
import type { Seen } from '../control/authenticate.ts'
import type { Desk, Request } from '../control/handle.ts'
import type { IssuerKeys } from '../control/issuer-keys.ts'
import type { Recorded } from '../control/ledger.ts'
import type { Lender } from '../control/lend.ts'
import type { Reading } from '../control/reading.ts'
import type { Noise } from '../control/noise.ts'
import type { PolicyReplays } from '../control/policy-replay-thread.ts'
import type { Exports } from '../control/package/exports.ts'
import type { LogStatus } from '../control/view/shape.ts'
import type { Quorum } from '../control/quorum.ts'
import type { TargetAccess } from '../control/target-access.ts'
import type { Refusal } from '../evidence/refusal.ts'
import type { Providers } from '../control/provider.ts'
import type { Rate } from './limit.ts'
import type { Views } from '../control/view/views.ts'

export type Port = Desk & {
  readonly views: Views
  readonly noise: Pick<Noise, 'count' | 'totals'>
  /** Challenges of passkey ceremonies that were handed out, each good once. */
  readonly challenges: Seen
  readonly doorRequests: Seen
  /** DPoP proofs that were seen, while they could still be used. */
  readonly proofs: Seen
  readonly issuerKeys: Pick<IssuerKeys, 'of'>
  /** Where people sign in, and the secrets by which we are known there. */
  readonly providers: Pick<Providers, 'begin' | 'finish' | 'keysFor' | 'secrets'>
  readonly lender: Pick<Lender, 'mint'>
  readonly authorities: Pick<Authorities, 'listed' | 'held' | 'signing' | 'rotate'>
  readonly access: Pick<TargetAccess, 'judge' | 'remember'>
  logStatus(): LogStatus
  /** Both write their own leaf; what they need besides is not for a route to know. */
  repairLog(request: Omit<Request, 'command'>): Promise<Recorded | Refusal>
  rotateLogKey(request: Omit<Request, 'command'>, overlapMs?: number): Promise<Recorded | Refusal>
  /** Resolves once it is carried out, or cannot be now. */
  erasePerson(request: Request): Promise<Recorded | Refusal>
  /** Writes down who looks at the trail. */
  readonly reading: Pick<Reading, 'see'>
  /** What history would have been under other policies. */
  readonly policyReplays: Pick<PolicyReplays, 'ask'>
  readonly exports: Pick<Exports, 'give' | 'made'>
  /** Undefined where no number of witnesses is asked for. */
  readonly quorum?: Pick<Quorum, 'isRequired' | 'trouble' | 'covers'> | undefined
  /** Hears in one sentence of what is our own fault. */
  report(sentence: string): void
  readonly config: Config
}

export type Config = {
  /** Where people and programs reach this server: scheme, host and port, without a path. */
  readonly publicUrl: string
  readonly version: string
  /** The console as built; pages say how to build it when it is not there. */
  readonly consoleDirectory: string
  /** The stand-alone page that checks packages, as built. */
  readonly verifyPage?: string | undefined
  /** Addresses of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[] | undefined
  readonly rates?: Rates | undefined
}

export type Rates = { readonly perAddress: Rate; readonly perLogin: Rate }
