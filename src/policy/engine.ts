/** The one door to Cedar. Nothing here throws: a fault of the engine is a fault in the answer, and a fault refuses. */

import * as cedar from '@cedar-policy/cedar-wasm/nodejs'

/** What the engine complains about; `offset` counts bytes of UTF-8 from the start of the text it was given. */
export type Fault = { readonly message: string; readonly help?: string; readonly offset?: number }

export type ParsedPolicy = {
  readonly effect: 'permit' | 'forbid'
  readonly annotations: Readonly<Record<string, string | null>>
  /** The actions it can apply to, groups unresolved; undefined for all. */
  readonly actions: readonly string[] | undefined
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
      return { effect, annotations: annotations ?? {}, actions: actionsOf(action) }
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

export function checkSchema(schema: string): Fault[] {
  return guarded(
    () => {
      const answer = cedar.checkParseSchema(schema)
      return answer.type === 'failure' ? answer.errors.map(toFault) : []
    },
    (fault) => [fault],
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

/** Keeps the parsed set and schema inside the engine under `name`, for `authorize`. The same name is overwritten. */
export function prepare(name: string, schema: string, policies: Readonly<Record<string, string>>): Fault[] {
  return guarded(
    () =>
      [cedar.preparseSchema(name, schema), cedar.preparsePolicySet(name, { staticPolicies: { ...policies } })].flatMap(
        (answer) => (answer.type === 'failure' ? answer.errors.map(toFault) : []),
      ),
    (fault) => [fault],
  )
}

/** Asks the set prepared under `name`; request and entities are checked against its schema first. */
export function authorize(name: string, call: Call): Verdict {
  return guarded(
    () => {
      const answer = cedar.statefulIsAuthorized({
        ...call,
        preparsedPolicySetId: name,
        preparsedSchemaName: name,
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
