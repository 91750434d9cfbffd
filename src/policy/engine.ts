/** The one door to Cedar. Nothing here throws: a fault of the engine is a fault in the answer, and a fault refuses. */

import * as cedar from '@cedar-policy/cedar-wasm/nodejs'

/** What the engine complains about; `offset` counts bytes of UTF-8 from the start of the text it was given. */
export type Fault = { readonly message: string; readonly help?: string; readonly offset?: number }

export type ParsedPolicy = {
  readonly effect: 'permit' | 'forbid'
  readonly annotations: Readonly<Record<string, string | null>>
  /** The actions it can apply to, groups unresolved; undefined for all. */
  readonly actions: readonly string[] | undefined
  /** In Cedar's JSON policy format. */
  readonly tree: unknown
}

export type Verdict = {
  readonly isAllowed: boolean
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
}

export type Call = Pick<cedar.StatefulAuthorizationCall, 'principal' | 'action' | 'resource' | 'context' | 'entities'>

/** Parses exactly one policy. */
export function parsePolicy(text: string): ParsedPolicy | Fault[] {
  return guarded<ParsedPolicy | Fault[]>(
    () => {
      const answer = cedar.policyToJson(text)
      if (answer.type === 'failure') return answer.errors.map(toFault)
      const { effect, annotations, action } = answer.json
      return { effect, annotations: annotations ?? {}, actions: actionsOf(action), tree: answer.json }
    },
    (fault) => [fault],
  )
}

function actionsOf(constraint: cedar.ActionConstraint): readonly string[] | undefined {
  if (constraint.op === 'All') return undefined
  if ('entities' in constraint) return constraint.entities.map(idOf)
  return 'entity' in constraint ? [idOf(constraint.entity)] : undefined
}

function idOf(uid: cedar.EntityUidJson): string {
  return '__entity' in uid ? uid.__entity.id : uid.id
}

export type ParsedSchema = {
  /** Every action with the groups it is directly in, by their ids alone, whatever their namespace. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** Action to the members that its context has or may have. */
  readonly contexts: ReadonlyMap<string, ReadonlySet<string>>
  /** Combinations of principal type, action and resource type: each policy is validated for each. */
  readonly environments: number
  /** Common types that are made of other common types. */
  readonly nestedTypes: readonly string[]
}

export function parseSchema(schema: string): ParsedSchema | Fault[] {
  return guarded<ParsedSchema | Fault[]>(
    () => {
      const faults = faultsOf(() => cedar.checkParseSchema(schema))
      if (faults.length > 0) return faults
      const answer = cedar.schemaToJson(schema)
      return answer.type === 'failure' ? answer.errors.map(toFault) : summary(Object.values(answer.json))
    },
    (fault) => [fault],
  )
}

function summary(namespaces: readonly cedar.NamespaceDefinition<string>[]): ParsedSchema {
  const groups = new Map<string, string[]>()
  let environments = 0
  for (const [id, { memberOf = [], appliesTo }] of namespaces.flatMap(({ actions }) => Object.entries(actions))) {
    groups.set(id, [...(groups.get(id) ?? []), ...memberOf.map((group) => group.id)])
    environments += (appliesTo?.principalTypes.length ?? 0) * (appliesTo?.resourceTypes.length ?? 0)
  }
  const types = namespaces.flatMap(({ commonTypes = {} }) => Object.entries(commonTypes))
  const names = new Set(types.map(([name]) => name))
  const nestedTypes = types.filter(([, type]) => mentions(type, names)).map(([name]) => name)
  return { groups, environments, nestedTypes, contexts: contextsOf(namespaces, new Map(types)) }
}

type Shape = { readonly attributes?: object; readonly type?: string; readonly name?: string }

/** A context is a record, or the name of one. */
function contextsOf(
  namespaces: readonly cedar.NamespaceDefinition<string>[],
  types: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const shapeOf = (context: Shape): Shape => {
    const name = context.name ?? context.type ?? ''
    return context.attributes ? context : ((types.get(name.slice(name.lastIndexOf(':') + 1)) ?? {}) as Shape)
  }
  const actions = namespaces.flatMap(({ actions: declared }) => Object.entries(declared))
  return new Map(
    actions.map(([id, { appliesTo }]) => [
      id,
      new Set(Object.keys(shapeOf((appliesTo?.context ?? {}) as Shape).attributes ?? {})),
    ]),
  )
}

/** Whether any type within `type` has one of the names, qualified or not. */
function mentions(type: unknown, names: ReadonlySet<string>): boolean {
  if (typeof type !== 'object' || type === null) return false
  return Object.entries(type).some(([key, value]) =>
    (key === 'type' || key === 'name') && typeof value === 'string'
      ? names.has(value.slice(value.lastIndexOf(':') + 1))
      : mentions(value, names),
  )
}

export type Finding = { readonly policy: string | undefined; readonly isError: boolean; readonly fault: Fault }

/** Strict validation of every policy (by id) against the schema. Nothing found means valid. */
export function validate(schema: string, policies: Readonly<Record<string, string>>): Finding[] {
  return guarded(
    () => {
      const answer = cedar.validate({
        schema,
        policies: { staticPolicies: { ...policies } },
        validationSettings: { mode: 'strict' },
      })
      if (answer.type === 'failure') return answer.errors.map((error) => finding(error, true))
      return [
        ...answer.validationErrors.map(({ error, policyId }) => finding(error, true, policyId)),
        ...answer.validationWarnings.map(({ error, policyId }) => finding(error, false, policyId)),
        ...answer.otherWarnings.map((warning) => finding(warning, false)),
      ]
    },
    (fault) => [{ policy: undefined, isError: true, fault }],
  )
}

function finding(error: cedar.DetailedError, isError: boolean, policy?: string): Finding {
  return { policy, isError, fault: toFault(error) }
}

/** Keeps the parsed schema inside the engine under `name`. The same name is overwritten. */
export function prepareSchema(name: string, schema: string): Fault[] {
  return faultsOf(() => cedar.preparseSchema(name, schema))
}

/** Keeps the parsed policies inside the engine under `name`. The same name is overwritten. */
export function preparePolicies(name: string, policies: Readonly<Record<string, string>>): Fault[] {
  return faultsOf(() => cedar.preparsePolicySet(name, { staticPolicies: { ...policies } }))
}

function faultsOf(check: () => cedar.CheckParseAnswer): Fault[] {
  return guarded(
    () => {
      const answer = check()
      return answer.type === 'failure' ? answer.errors.map(toFault) : []
    },
    (fault) => [fault],
  )
}

/** Asks prepared policies; request and entities are checked against the prepared schema first. */
export function authorize(policies: string, schema: string, call: Call): Verdict {
  return guarded(
    () => {
      const answer = cedar.statefulIsAuthorized({
        ...call,
        preparsedPolicySetId: policies,
        preparsedSchemaName: schema,
        validateRequest: true,
      })
      if (answer.type === 'failure') return failed(answer.errors.map(({ message }) => message))
      const { decision, diagnostics } = answer.response
      const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`)
      return { isAllowed: decision === 'allow', reasons: diagnostics.reason, errors }
    },
    ({ message }) => failed([message]),
  )
}

function failed(errors: readonly string[]): Verdict {
  return { isAllowed: false, reasons: [], errors }
}

function guarded<T>(act: () => T, otherwise: (fault: Fault) => T): T {
  try {
    return act()
  } catch (error) {
    return otherwise({ message: `the policy engine failed: ${error instanceof Error ? error.message : String(error)}` })
  }
}

function toFault({ message, help, sourceLocations }: cedar.DetailedError): Fault {
  const label = sourceLocations?.[0]?.label
  const offset = sourceLocations?.[0]?.start
  const hint = help ?? label
  return {
    message,
    ...(hint === null || hint === undefined ? {} : { help: hint }),
    ...(offset === undefined ? {} : { offset }),
  }
}
