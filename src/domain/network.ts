/** Networks that policies can name: who asks from one of them is known by its name alone, never by an address. */

import * as z from '../bytes/schema.ts'
import { isWithin, parseAddress, type Address } from '../match/network.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { sourceOf } from './role.ts'
import type { State } from './state.ts'

/** Text that can be a network; whether it is one, the room says. */
export const cidr = z.string().regex(/^[0-9a-f:.]{2,45}\/\d{1,3}$/)

export const events = {
  'network.defined': z.strictObject({ network: f.role, cidrs: z.array(cidr).min(1).max(64), by: f.principalId }),
  'network.removed': z.strictObject({ network: f.role, by: f.principalId }),
  'network.refused': z.strictObject({
    network: f.role,
    by: f.principalId,
    wanted: z.enum(['define', 'remove']),
  }),
}

export const commands = {
  'define network': z.strictObject({
    type: z.literal('define network'),
    network: f.role,
    cidrs: z.array(cidr).min(1).max(64),
  }),
  'remove network': z.strictObject({ type: z.literal('remove network'), network: f.role }),
}

export type NetworkEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Network = { readonly network: string; readonly cidrs: readonly string[]; readonly leafIndex: number }

/** As many as a question can name. */
export const MAX_NETWORKS = 64

export function apply(state: State, event: NetworkEvent, leafIndex: number): void {
  if (event.type === 'network.defined')
    state.networks.set(event.network, { network: event.network, cidrs: event.cidrs, leafIndex })
  if (event.type === 'network.removed') state.networks.delete(event.network)
}

/** Names of the networks that this address is in, sorted; none where it is no address. */
export function networksOf(ip: string | undefined, { networks }: Pick<State, 'networks'>): string[] {
  const address = networks.size > 0 && ip !== undefined ? parseAddress(ip) : undefined
  if (!address) return []
  return [...networks.values()]
    .filter(({ cidrs }) => cidrs.some((text) => holds(text, address)))
    .map(({ network }) => network)
    .sort()
}

function holds(text: string, address: Address): boolean {
  const range = parseCidr(text)
  return range !== undefined && isWithin(address, range.network, range.prefix)
}

/** Undefined for what is no network, and for one with bits behind its prefix: whoever wrote it meant something else. */
function parseCidr(text: string): { readonly network: Address; readonly prefix: number } | undefined {
  const [start = '', length = ''] = text.split('/')
  const network = parseAddress(start)
  const prefix = Number(length)
  if (!network || prefix > network.bits || String(prefix) !== length) return undefined
  const rest = BigInt(network.bits - prefix)
  return (network.value >> rest) << rest === network.value ? { network, prefix } : undefined
}

type Define = z.infer<(typeof commands)['define network']>

export function define(
  { network, cidrs }: Define,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  isSpare: boolean,
  { networks }: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'network.refused', network, by, wanted: 'define' }, reason, policy)

  if (sourceOf(by) !== 'direct') return refuse('wrong_principal')
  if (!cidrs.every(parseCidr)) return refuse('no_such_addresses')
  if (!networks.has(network) && networks.size >= MAX_NETWORKS) return refuse('too_many_networks')
  if (!isAllowed) return refuse('policy_refused')
  // Whoever changes the policies asks from there: it can grow, and not move away from under them.
  const lost = networks.get(network)?.cidrs.some((known) => !cidrs.includes(known)) ?? false
  if (lost && !isSpare) return refuse('network_needed')
  return allowed({ type: 'network.defined', network, cidrs, by }, policy)
}

type Remove = z.infer<(typeof commands)['remove network']>

export function remove(
  { network }: Remove,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  isSpare: boolean,
  { networks }: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'network.refused', network, by, wanted: 'remove' }, reason, policy)

  if (sourceOf(by) !== 'direct') return refuse('wrong_principal')
  if (!networks.has(network)) return refuse('no_such_network')
  if (!isAllowed) return refuse('policy_refused')
  if (!isSpare) return refuse('network_needed')
  return allowed({ type: 'network.removed', network, by }, policy)
}
