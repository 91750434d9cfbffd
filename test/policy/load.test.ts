/** A set of policies with a fault is refused, and the problem names the file, the line and the remedy. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatProblem, loadPolicies, type PolicyFiles, type PolicyProblem } from '../../src/policy/policy.ts'
import { mustLoad, readShipped } from './shipped.ts'

const SCHEMA = `namespace Countersign {
  entity Role;
  entity Person in [Role];
  entity Instance;
  action read appliesTo { principal: Person, resource: Instance, context: { approved: Bool, count: Long } };
}`
const SOUND = `// Everyone with approval reads.
@id("readers-read")
permit (principal, action == Countersign::Action::"read", resource)
when { context.approved };
`

function set(policies: string, schema = SCHEMA): PolicyFiles {
  return { 'a.cedar': policies, 's.cedarschema': schema }
}

function problemsOf(files: PolicyFiles): PolicyProblem[] {
  const loaded = loadPolicies(files)
  if (!Array.isArray(loaded)) throw new Error('the set was loaded')
  for (const problem of loaded) expect(formatProblem(problem)).toContain(problem.sentence)
  return loaded
}

function condition(text: string): string {
  return SOUND.replace('context.approved', text)
}

test('a sound set loads; its digest covers names and texts, not the order of the files', () => {
  const loaded = mustLoad(set(SOUND))

  expect(loaded.ids).toEqual(['readers-read'])
  expect(loaded.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(mustLoad({ 's.cedarschema': SCHEMA, 'a.cedar': SOUND }).digest).toBe(loaded.digest)
  expect(mustLoad({ 's.cedarschema': SCHEMA, 'b.cedar': SOUND }).digest).not.toBe(loaded.digest)
  expect(mustLoad(set(`${SOUND} `)).digest).not.toBe(loaded.digest)
  expect(loaded.describePolicy('readers-read')).toEqual({ sentence: 'Policy readers-read decided.' })
})

test('a misspelt attribute is named with its line and the right spelling', () => {
  expect(problemsOf(set(condition('context.aproved')))).toEqual([
    {
      code: 'invalid',
      file: 'a.cedar',
      line: 4,
      sentence: expect.stringContaining('attribute `aproved` in context for Countersign::Action::"read" not found'),
      hint: 'did you mean `approved`?',
    },
  ])
})

test('a syntax error is named with its line, counted past other policies and past letters of several bytes', () => {
  const broken = `${SOUND}\n// Ünïcödé 😀\n@id("b")\npermit (principal, action, resource)\nwhen { context. };\n`

  expect(problemsOf(set(broken))).toMatchObject([
    { code: 'syntax', file: 'a.cedar', line: 9, hint: 'expected identifier' },
  ])
})

test('every policy with a fault is named, not only the first', () => {
  const two = `@id("a") permit (principal, action, resource) when { tru };\n@id("b") permit (principal, action);\n${SOUND}`

  expect(problemsOf(set(two)).map(({ code, line }) => [code, line])).toEqual([
    ['syntax', 1],
    ['syntax', 2],
  ])
})

test.each([
  ['missing_id', SOUND.replace('@id("readers-read")\n', ''), 2],
  ['missing_id', SOUND.replace('@id("readers-read")', '@id'), 2],
  ['bad_id', SOUND.replace('readers-read', '__proto__'), 2],
  ['bad_id', SOUND.replace('readers-read', 'Readers read'), 2],
  ['duplicate_id', `${SOUND}${SOUND}`, 6],
  ['syntax', SOUND.replace('@id("readers-read")', '@id("a")\n@id("b")'), 3],
  ['syntax', SOUND.replace(';', ''), 4],
  ['syntax', `${SOUND}\nand more`, 6],
  ['syntax', `${SOUND}"`, 5],
  ['syntax', SOUND.replace('(principal,', '(principal == ?principal,'), 3],
  ['invalid', SOUND.replace('"read"', '"reed"'), 3],
  ['invalid', condition('context.count'), 4],
  ['invalid', condition('context.count == "1"'), 4],
  ['suspicious', condition('false'), 2],
  ['suspicious', SOUND.replace('(principal,', '(principal is Countersign::Instance,'), 2],
  ['suspicious', condition('context.approved || "\u0430dmin" == "admin"'), 4],
  ['no_policies', '', undefined],
  ['no_policies', '// permit (principal, action, resource);\n', undefined],
  ['too_complex', condition(`${'('.repeat(40)}context.approved${')'.repeat(40)}`), 2],
  ['too_complex', condition(`${'('.repeat(4000)}`), 2],
  ['too_complex', condition(`context.approved${' && context.approved'.repeat(4000)}`), 2],
  ['too_complex', SOUND.replace('};', `}${' when { true }'.repeat(800)};`), 2],
  ['too_complex', condition(`[${'1,'.repeat(40_000)}1].contains(context.count)`), 2],
  ['not_unicode', `${SOUND}// \ud800`, undefined],
])('%s: %#', (code, policies, line) => {
  const [problem] = problemsOf(set(policies))

  expect(problem?.code).toBe(code)
  expect(problem?.line).toBe(line)
})

test.each([
  ['schema', SCHEMA.replace('Bool', 'Bol'), 5],
  ['schema', SCHEMA.slice(0, -1), 5],
  ['too_complex', SCHEMA.replace('Bool', `${'Set<'.repeat(500)}Bool${'>'.repeat(500)}`), undefined],
  [
    'too_complex',
    SCHEMA.replace('Bool', 'T').replace('entity Role;', 'entity Role; type T = { a: U }; type U = Bool;'),
    undefined,
  ],
  ['too_complex', `${SCHEMA}${' '.repeat(40_000)}`, undefined],
  ['invalid', '', 3],
])('a schema that is %s: %#', (code, schema, line) => {
  const [problem] = problemsOf(set(SOUND, schema))

  expect(problem?.code).toBe(code)
  expect(problem?.line).toBe(line)
})

test('a schema with too many combinations to validate is refused', () => {
  const names = Array.from({ length: 20 }, (_, index) => `E${index}`).join(', ')
  const wide = `namespace Countersign { entity ${names}; action read appliesTo { principal: [${names}], resource: [${names}] }; }`

  expect(problemsOf(set(SOUND, wide))).toMatchObject([{ code: 'too_complex', file: 's.cedarschema' }])
})

test.each<[string, PolicyFiles]>([
  ['no_schema', { 'a.cedar': SOUND }],
  ['no_schema', {}],
  ['several_schemas', { ...set(SOUND), 't.cedarschema': SCHEMA }],
  ['no_policies', { 's.cedarschema': SCHEMA }],
  ['bad_file_name', { ...set(SOUND), '../a.cedar': SOUND }],
  ['bad_file_name', { ...set(SOUND), 'README.md': '' }],
  ['too_large', set(`${SOUND}//${'x'.repeat(1024 * 1024)}`)],
  ['too_large', Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`${index}.cedar`, SOUND]))],
  ['too_large', set(';'.repeat(1001))],
])('%s for the files: %#', (code, files) => {
  expect(problemsOf(files)).toMatchObject([{ code }])
})

test('a problem steers no terminal and floods none', () => {
  const [problem] = problemsOf({ ...set(SOUND), [`\u001b[2J${'x'.repeat(9000)}`]: '' })

  expect(formatProblem(problem!)).not.toContain('\u001b')
  expect(formatProblem(problem!).length).toBeLessThan(1000)
})

test('a refused set leaves the old one as it is, and the engine working', () => {
  const old = mustLoad(readShipped())
  const question = {
    principal: { type: 'Person', id: 'ana' },
    action: 'read',
    resource: { type: 'Instance', id: 'i' },
    context: {},
    entities: [{ uid: { type: 'Person', id: 'ana' }, attrs: {}, parents: [{ type: 'Role', id: 'auditor' }] }],
  }
  const files = readShipped()

  problemsOf({ ...files, 'reading.cedar': files['reading.cedar']!.replace('"auditor"', '"auditor" && context.oops') })
  expect(old.ask(question).isAllowed).toBe(true)
})

const WORDS = [
  '@id("a") permit ( principal , action resource ) forbid { } [ ] context when unless ; @id(" " \\ // == && || ! - . if then',
  'else has in is Countersign::Action::"read" context.approved 1 ip("1") ?principal é /* < * + \u2028 \u0000',
].flatMap((line) => [...line.split(' '), '\n', '\r'])

test('whatever the text, loading answers, and the engine still works', () => {
  const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 120 }).map((words) => words.join(' '))
  const nested = fc.tuple(fc.constantFrom('(', '[', '{a:', '!', '-', '!(', 'if context.approved then '), fc.nat(3000))
  const deep = nested.map(([word, count]) => condition(`${word.repeat(count)} context.approved`))
  const mutated = fc
    .tuple(fc.nat(SOUND.length), fc.constantFrom(...WORDS))
    .map(([at, word]) => SOUND.slice(0, at) + word + SOUND.slice(at))
  const text = fc.oneof(fc.string({ unit: 'binary' }), soup, deep, mutated)

  fc.assert(
    fc.property(text, fc.boolean(), (random, isSchema) => {
      const loaded = loadPolicies(isSchema ? set(SOUND, random) : set(random))
      if (Array.isArray(loaded)) expect(loaded.length).toBeGreaterThan(0)
    }),
    { numRuns: 400 },
  )
  expect(mustLoad(set(SOUND)).ids).toEqual(['readers-read'])
})
