/** Files of policies: what passes here is parsed, strictly valid against its schema, and every policy has a name. */

import { type DigestText, digestOf } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { type Fault, type Finding, parsePolicy, type ParsedPolicy, validate } from './engine.ts'
import { problem, type PolicyProblem } from './problem.ts'
import { loadSchema, type Schema } from './schema.ts'
import { lineOfByte, type PolicySource, splitPolicies, tooComplex } from './source.ts'

/** Name -> text: one `*.cedarschema`, at least one `*.cedar`. */
export type PolicyFiles = Readonly<Record<string, string>>

export type LoadedPolicy = PolicySource & ParsedPolicy & { readonly id: string }

/** `policies` are in the order of their ids. `digest` covers names and texts of all files. */
export type LoadedFiles = {
  readonly digest: DigestText
  readonly schema: Schema
  readonly policies: readonly LoadedPolicy[]
}

const MAX_BYTES = 1024 * 1024
const MAX_FILES = 64
const MAX_POLICIES = 1000
const MAX_PROBLEMS = 50
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(?:cedar|cedarschema)$/
const ID = /^[a-z0-9][a-z0-9-]{0,63}$/

/** All problems of the first step that finds any, at most 50: file set, schema, single policies, the set as a whole. */
export function load(files: PolicyFiles): LoadedFiles | PolicyProblem[] {
  const names = Object.keys(files).sort()
  const unfit = checkFiles(names, files)
  if (unfit.length > 0) return unfit.slice(0, MAX_PROBLEMS)

  const schemaFile = names.find(isSchema)!
  const schema = loadSchema(schemaFile, files[schemaFile]!)
  if (Array.isArray(schema)) return schema.slice(0, MAX_PROBLEMS)

  const parsed = parsePolicies(
    names.filter((name) => !isSchema(name)).flatMap((name) => splitPolicies(name, files[name]!)),
  )
  if (parsed.problems.length > 0) return parsed.problems.slice(0, MAX_PROBLEMS)

  const byId = new Map(parsed.policies.map((policy) => [policy.id, policy]))
  const findings = validate(schema.text, textsOf(parsed.policies)).map((found) => toProblem(found, byId, schemaFile))
  if (findings.length > 0) return findings.slice(0, MAX_PROBLEMS)

  const policies = parsed.policies.sort((a, b) => (a.id < b.id ? -1 : 1))
  return { digest: digestOf(utf8.encode(canonical(files))), schema, policies }
}

/** Id -> text, as the engine takes it. */
export function textsOf(policies: readonly LoadedPolicy[]): Record<string, string> {
  return Object.fromEntries(policies.map(({ id, text }) => [id, text]))
}

function isSchema(name: string): boolean {
  return name.endsWith('.cedarschema')
}

function checkFiles(names: readonly string[], files: PolicyFiles): PolicyProblem[] {
  const schemas = names.filter(isSchema)
  const sizeBytes = names.reduce((sum, name) => sum + Buffer.byteLength(files[name]!), 0)
  if (sizeBytes > MAX_BYTES)
    return [problem('too_large', '', `The files have ${sizeBytes} bytes; ${MAX_BYTES} are allowed.`)]
  if (names.length > MAX_FILES)
    return [problem('too_large', '', `There are ${names.length} files; ${MAX_FILES} are allowed.`)]
  const unfit = names.flatMap((name) => checkFile(name, files[name]!))
  if (unfit.length > 0) return unfit
  if (schemas.length === 0)
    return [problem('no_schema', '', 'There is no schema.', { hint: 'add one *.cedarschema file' })]
  if (schemas.length > 1) return [problem('several_schemas', schemas[1]!, 'There is a second schema; one is allowed.')]
  return []
}

function checkFile(name: string, text: string): PolicyProblem[] {
  if (!FILE_NAME.test(name)) {
    return [
      problem('bad_file_name', name, 'This is not the name of a policy file.', { hint: '*.cedar or *.cedarschema' }),
    ]
  }
  return text.isWellFormed() ? [] : [problem('not_unicode', name, 'The text is not well-formed Unicode.')]
}

type Parsed = { readonly policies: LoadedPolicy[]; readonly problems: PolicyProblem[] }

function parsePolicies(sources: readonly PolicySource[]): Parsed {
  const parsed: Parsed = { policies: [], problems: [] }
  if (sources.length === 0)
    parsed.problems.push(problem('no_policies', '', 'There is no policy; nothing would be allowed.'))
  if (sources.length > MAX_POLICIES) {
    parsed.problems.push(problem('too_large', '', `There are ${sources.length} policies; ${MAX_POLICIES} are allowed.`))
    return parsed
  }
  const taken = new Map<string, PolicySource>()
  for (const source of sources) {
    if (parsed.problems.length >= MAX_PROBLEMS) break
    const policy = parseSource(source)
    const problems = Array.isArray(policy) ? policy : claimId(policy, taken)
    if (!Array.isArray(policy) && problems.length === 0) parsed.policies.push(policy)
    parsed.problems.push(...problems)
  }
  return parsed
}

function parseSource(source: PolicySource): LoadedPolicy | PolicyProblem[] {
  const { file, line } = source
  const reason = tooComplex(source)
  if (reason !== undefined) return [problem('too_complex', file, `The policy is too complex: ${reason}.`, { line })]
  const policy = parsePolicy(source.text)
  if (Array.isArray(policy)) return policy.map((fault) => faultIn(source, fault, 'syntax'))
  const id = policy.annotations['id']
  if (typeof id !== 'string') {
    return [problem('missing_id', file, 'The policy has no name.', { line, hint: 'write @id("its-name") before it' })]
  }
  if (!ID.test(id)) {
    return [
      problem('bad_id', file, `"${id}" is no policy name.`, {
        line,
        hint: 'lower-case letters, digits and -, up to 64',
      }),
    ]
  }
  return { ...source, ...policy, id }
}

function claimId(policy: LoadedPolicy, taken: Map<string, PolicySource>): PolicyProblem[] {
  const { file, line, id } = policy
  const other = taken.get(id)
  if (!other) taken.set(id, policy)
  return other
    ? [problem('duplicate_id', file, `"${id}" is also the name of ${other.file}:${other.line}.`, { line })]
    : []
}

function toProblem(
  { policy: id, isError, fault }: Finding,
  byId: Map<string, LoadedPolicy>,
  schemaFile: string,
): PolicyProblem {
  const policy = id === undefined ? undefined : byId.get(id)
  // A warning is a policy that can never apply, or a name made to look like another: either way not what its author reads.
  const code = isError ? 'invalid' : 'suspicious'
  return policy ? faultIn(policy, fault, code) : problem(code, schemaFile, fault.message, { hint: fault.help })
}

function faultIn(source: PolicySource, { message, help, offset }: Fault, code: PolicyProblem['code']): PolicyProblem {
  const isInside = offset !== undefined && offset > 0
  const line = isInside ? source.firstLine + lineOfByte(source.text, offset) - 1 : source.line
  return problem(code, source.file, message, { line, hint: help })
}
