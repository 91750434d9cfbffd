/**
 * One decision as it stands in the log: a CloudEvents 1.0 event in canonical JSON (spec/leaf.md).
 *
 *     {"data":{"caller":{"id":"person:…","kind":"person","login":"login:…"},"command":{…},"event":{…},"evidence":[…],
 *      "given":{…},"outcome":"allowed","personal":{"_sd":["…"],"_sd_alg":"sha-256"},"policy":{…}},
 *      "datacontenttype":"application/json","id":"…","sequence":"42","source":"//log.example","specversion":"1.0",
 *      "subject":"release:…","time":"2026-11-23T14:02:11.000Z","type":"dev.countersign.approval.given.v1"}
 *
 * Two readers of the same decision write the same bytes; a field that no schema knows cannot be written at all.
 */

import { acceptanceOf } from '../bytes/acceptance.ts'
import { canonical, parseCanonical, type Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { schemas as commandSchemas, type Command } from './command.ts'
import type { Decision, Outcome, Verdict } from './decision.ts'
import { schemas as eventSchemas, type Event, type EventType } from './event.ts'
import * as f from './field.ts'
import { isReason, type Reason } from './reason.ts'
import { MAX_COMMITS } from './repository.ts'

/** tlog-tiles: an entry's length is written in sixteen bits. */
export const MAX_LEAF_BYTES = 65_535

const caller = z.strictObject({
  id: f.principalId,
  kind: z.enum(['person', 'job', 'agent', 'system']),
  login: f.loginId.optional(),
})
const evidence = z.strictObject({ kind: z.string().regex(/^[a-z][a-z-]{0,31}$/), digest: f.digest })
const uid = z.strictObject({ type: z.string().max(64), id: z.string().max(256) })
const verdict = z.strictObject({
  principal: uid,
  action: z.string().max(64),
  resource: uid,
  context: z.record(z.string().max(64), z.json()),
  digest: f.digest,
  determining: z.array(z.string().max(128)).max(64),
})

/** Salted commitments to what is personal, in the form of SD-JWT (RFC 9901); the disclosures are kept beside the log. */
export const personal = z.strictObject({
  _sd: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/))
    .min(1)
    .max(32),
  _sd_alg: z.literal('sha-256'),
})

/** What was looked up or drawn outside the rules: authors by e-mail address, whether a handle was free. */
const authorship = z.strictObject({ authors: z.array(f.personId).max(16), hasForeignAuthor: z.boolean() })
export const given = z.strictObject({
  /** When the evidence was verified, a moment before the decision: tokens are judged by this. */
  verifiedAt: f.at.optional(),
  isHandleTaken: z.boolean().optional(),
  /** The person has a saved search of this name. */
  isNameTaken: z.boolean().optional(),
  /** Whose account at the CI started the run. */
  startedBy: f.personId.optional(),
  /** Whose the account is that is linked, or unlinked. */
  accountOf: f.personId.optional(),
  authorships: z.array(authorship).max(MAX_COMMITS).optional(),
  /** Names of the defined networks that a person asked from. */
  networks: z.array(f.role).min(1).max(64).optional(),
})

export type Caller = z.infer<typeof caller>
export type Evidence = z.infer<typeof evidence>
export type Personal = z.infer<typeof personal>
export type Given = z.infer<typeof given>

/** A leaf as it is read, live and in replay. */
export type Leaf = {
  readonly id: string
  readonly at: number
  readonly sequence: number
  readonly caller: Caller
  readonly command: Command
  readonly evidence: readonly Evidence[]
  readonly given: Given
  readonly personal?: Personal
  readonly outcome: Outcome
  readonly reason?: Reason
  readonly policy?: Verdict
  readonly event: Event
}

export type Circumstances = Pick<Leaf, 'id' | 'at' | 'sequence' | 'caller' | 'command' | 'evidence' | 'given'> & {
  readonly personal?: Personal
}

/** A decision under its circumstances. Circumstances may be a whole leaf: its old answer is not taken over. */
export function write(circumstances: Circumstances, { outcome, reason, policy, event }: Decision): Leaf {
  const { id, at, sequence, caller: who, command, evidence: proofs, given: facts, personal: sealed } = circumstances
  const kept = {
    id,
    at,
    sequence,
    caller: who,
    command,
    evidence: proofs,
    given: facts,
    ...(sealed && { personal: sealed }),
  }
  return { ...kept, outcome, event, ...(reason && { reason }), ...(policy && { policy }) }
}

const PREFIX = 'dev.countersign.'
const SUFFIX = '.v1'

/** What leaves of one turn share, part by part, with its text: checked and spelled once. Nobody changes a part meanwhile. */
export type Shared = Map<object, string>

/** The bytes that are hashed and signed. Throws a LeafError for what a schema refuses and for more than 65,535 bytes. */
export function spell(leaf: Leaf, origin: string, shared: Shared = new Map()): Uint8Array {
  const { type, ...event } = leaf.event
  const { command, outcome, reason } = leaf
  checkAnswer(leaf)
  // RFC 8785, 3.2.3: members stand in the order of their names, within each part and here.
  const text =
    `{"data":{"caller":${spellPart(caller, leaf.caller, 'caller', shared)}` +
    `,"command":${spellChecked(commandSchema(command.type), command, command.type)}` +
    `,"event":${spellChecked(eventSchema(type), event, type)}` +
    `,"evidence":${spellPart(exhibits, leaf.evidence, 'evidence', shared)}` +
    `,"given":${spellPart(given, leaf.given, 'given', shared)},"outcome":${canonical(outcome)}` +
    (leaf.personal ? `,"personal":${spellPart(personal, leaf.personal, 'personal', shared)}` : '') +
    (leaf.policy ? `,"policy":${spellPart(verdict, leaf.policy, 'policy', shared)}` : '') +
    (reason ? `,"reason":${canonical(reason)}` : '') +
    `},"datacontenttype":"application/json","id":${canonical(leaf.id)},"sequence":"${leaf.sequence}"` +
    `,"source":${canonical(`//${origin}`)},"specversion":"1.0","subject":${canonical(subjectOf(leaf))}` +
    `,"time":"${new Date(leaf.at).toISOString()}","type":"${PREFIX}${type}${SUFFIX}"}`
  const bytes = utf8.encode(text)
  if (bytes.length > MAX_LEAF_BYTES)
    throw new LeafError(`a leaf of ${bytes.length} bytes is over the limit of ${MAX_LEAF_BYTES}`)
  return bytes
}

/** To be compared with bytes that `read` has taken: where they are the same, they fit the schemas. */
export function spellUnchecked(leaf: Leaf, origin: string): Uint8Array {
  const { id, at, sequence, event, ...rest } = leaf
  const { type, ...fields } = event
  const said = {
    ...{ specversion: '1.0', id, source: `//${origin}`, type: `${PREFIX}${type}${SUFFIX}`, subject: subjectOf(leaf) },
    ...{ time: new Date(at).toISOString(), sequence: String(sequence), datacontenttype: 'application/json' },
    data: { ...rest, event: fields },
  }
  return utf8.encode(canonical(said as unknown as Json))
}

function spellPart(schema: z.ZodType, part: object, what: string, shared: Shared): string {
  const known = shared.get(part)
  if (known !== undefined) return known
  const text = spellChecked(schema, part, what)
  shared.set(part, text)
  return text
}

function spellChecked(schema: z.ZodType, part: object, what: string): string {
  conform(schema, part, what)
  return canonical(part as Json)
}

function checkAnswer({ outcome: is, reason: because }: Leaf): void {
  conform(outcome, is, 'outcome')
  if (because !== undefined && !isReason(because)) throw new LeafError(`no reason is called ${String(because)}`)
}

export class LeafError extends Error {
  override readonly name = 'LeafError'
}

/** The first of these that an event has is what it is about. */
const SUBJECTS = [
  ...[
    'release',
    'grant',
    'build',
    'alert',
    'login',
    'person',
    'principal',
    'group',
    'repository',
    'environment',
    'target',
  ],
  ...['issuer', 'fingerprint', 'digest', 'origin'],
]

function subjectOf({ event }: Leaf): string {
  const found = SUBJECTS.find((name) => typeof (event as Record<string, unknown>)[name] === 'string')
  return found ? String((event as Record<string, unknown>)[found]) : 'log'
}

const outcome = z.enum(['allowed', 'refused', 'waiting', 'recorded'])
const exhibits = z.array(evidence).max(512)
const data = z.strictObject({
  caller,
  command: z.looseObject({ type: z.string() }),
  event: z.looseObject({}),
  evidence: exhibits,
  given,
  personal: personal.optional(),
  outcome,
  reason: z.string().refine(isReason).optional(),
  policy: verdict.optional(),
})

/** Each schema is closed: the frame, the command by its type, and the event by its type. */
function check(type: string, value: object): void {
  const { command, event } = conform(data, value, type)
  conform(commandSchema(command.type), command, command.type)
  conform(eventSchema(type), event, type)
}

function commandSchema(type: string): z.ZodType {
  if (!Object.hasOwn(commandSchemas, type)) throw new LeafError(`no command is called ${type}`)
  return commandSchemas[type as keyof typeof commandSchemas]
}

function eventSchema(type: string): z.ZodType {
  if (!Object.hasOwn(eventSchemas, type)) throw new LeafError(`no event is called ${type}`)
  return eventSchemas[type as EventType]
}

function conform<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  if (acceptanceOf(schema)(value)) return value as z.infer<S>
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new LeafError(`${what} does not fit its schema: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

const envelope = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(64),
  source: z.string().regex(/^\/\/[A-Za-z0-9._/-]{1,254}$/),
  type: z.string().regex(/^dev\.countersign\.[a-z]+\.[a-z]+\.v1$/),
  subject: z.string().max(512),
  time: z.iso.datetime({ precision: 3 }),
  sequence: z.string().regex(/^(?:0|[1-9]\d{0,14})$/),
  datacontenttype: z.literal('application/json'),
  data: z.looseObject({}),
})

/** Reads stored bytes. Throws a LeafError for anything that `spell` would not have written. */
export function read(bytes: Uint8Array): Leaf {
  if (bytes.length > MAX_LEAF_BYTES) throw new LeafError(`a leaf has at most ${MAX_LEAF_BYTES} bytes`)
  const value = conform(envelope, parseText(bytes), 'leaf')
  check(typeOf(value), value.data)
  const leaf = leafOf(value as Envelope)
  if (!(leaf.at >= 0) || new Date(leaf.at).toISOString() !== value.time)
    throw new LeafError(`no clock shows ${value.time}`)
  if (value.subject !== subjectOf(leaf)) throw new LeafError(`its subject is not ${value.subject}`)
  return leaf
}

/**
 * Reads what this log's own writer spelled, as the tree commits to it, at a tenth of the cost of `read`: nothing is checked again.
 * For showing only; what is decided or verified rests on `read`.
 */
export function reread(bytes: Uint8Array): Leaf {
  return leafOf(JSON.parse(utf8.decode(bytes)) as Envelope)
}

type Envelope = Omit<z.infer<typeof envelope>, 'data'> & {
  readonly data: { readonly event: object } & Omit<Leaf, 'event' | 'id' | 'at' | 'sequence'>
}

function typeOf({ type }: { readonly type: string }): string {
  return type.slice(PREFIX.length, -SUFFIX.length)
}

function leafOf(value: Envelope): Leaf {
  const { event, ...rest } = value.data
  const at = Date.parse(value.time)
  const typed = { type: typeOf(value), ...event } as Event
  return { ...rest, id: value.id, at, sequence: Number(value.sequence), event: typed }
}

function parseText(bytes: Uint8Array): Json {
  try {
    return parseCanonical(utf8.decode(bytes))
  } catch (cause) {
    throw new LeafError(`a leaf is not JSON: ${(cause as Error).message}`)
  }
}
