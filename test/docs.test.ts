/** What the documents promise: commands that exist, links that lead somewhere, pages that are current, a first start as printed. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { compare } from '../build/reference.ts'
import { calledPath } from '../src/cli/command.ts'
import { buildProgram } from '../src/cli/program.ts'
import { Terminal } from '../src/cli/terminal.ts'
import { reasons, type Advice } from '../src/domain/reason.ts'

const root = join(import.meta.dirname, '..')
const pages = globSync('{*.md,docs/*.md,spec/*.md,decisions/*.md}', { cwd: root }).sort()
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const readme = read('README.md')

test('the documents are there', () => {
  expect(pages).toEqual(expect.arrayContaining(['ARCHITECTURE.md', 'NEWS.md', 'README.md', 'SECURITY.md']))
  expect(pages.filter((name) => name.startsWith('decisions/')).length).toBeGreaterThanOrEqual(7)
})

test.each(compare())('$path is what the code says; npm run reference writes it', ({ is, should }) => {
  expect(is).toBe(should)
})

test('links lead to files that exist', () => {
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#|\?)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => ({ page, to: match[1]! })),
  )
  expect(links.length).toBeGreaterThan(10)
  expect(links.filter(({ page, to }) => !existsSync(join(root, dirname(page), to)))).toEqual([])
})

test('scripts that are named exist, and so do files', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = pages.flatMap((page) => [...read(page).matchAll(/\bnpm run ([a-z:]+)/g)].map((match) => match[1]!))
  expect([...new Set(named)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  const files = pages.flatMap((page) =>
    [...read(page).matchAll(/`((?:test|bench)\/[\w/.-]+\.ts)`/g)].map((match) => match[1]!),
  )
  const sources = [...read('ARCHITECTURE.md').matchAll(/`((?:domain|control|store|http|cli)\/[\w-]+\.ts)`/g)]
  expect(files.filter((name) => !existsSync(join(root, name)))).toEqual([])
  expect(sources.map((match) => match[1]!).filter((name) => !existsSync(join(root, 'src', name)))).toEqual([])
})

test('the floors that the architecture draws are those of the house', () => {
  const rows = [...read('ARCHITECTURE.md').matchAll(/^\| (\d) \| ((?:`[a-z]+`(?:, )?)+) \|/gm)]
  const drawn = rows.flatMap((row) => row[2]!.split(', ').map((name) => `${row[1]} ${name.replaceAll('`', '')}`))
  const held = [
    ...read('test/house.test.ts')
      .match(/const floors = \[([\s\S]*?)\n\]/)![1]!
      .matchAll(/\[([^\]]+)\]/g),
  ].flatMap((floor, number) => [...floor[1]!.matchAll(/'(\w+)'/g)].map((name) => `${number} ${name[1]}`))
  const present = held.filter((entry) => existsSync(join(root, 'src', entry.slice(2))))
  expect(drawn.toSorted()).toEqual(present.toSorted())
})

const silent = { write: () => true }
const terminal = new Terminal({ env: {}, stdout: silent, stderr: silent, stdin: {}, format: 'text', color: false })

/** A line of shell as words; quotes group, nothing is expanded. */
function words(line: string): string[] {
  const found = line.replace(/\s+#.*$/, '').match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []
  return found.map((word) => word.replace(/^["']|["']$/g, ''))
}

/** Undefined when countersign would run this, else what it says. */
async function objection(line: string): Promise<string | undefined> {
  const program = buildProgram(terminal, () => Promise.resolve())
  try {
    await program.parseAsync(words(line).slice(1), { from: 'user' })
    return undefined
  } catch (error) {
    return `${line}: ${(error as Error).message}`
  }
}

const fenced = pages.flatMap((page) =>
  [...read(page).matchAll(/^```(?:sh|yaml)\n([\s\S]*?)^```/gm)]
    .flatMap((block) => block[1]!.split('\n'))
    .map((line) => line.replace(/^\s*- run: /, '').trim())
    .filter((line) => /^(?:\.\/bin\/)?countersign\b/.test(line)),
)

test('every command that is printed would be understood', async () => {
  expect(fenced.length).toBeGreaterThan(12)
  expect((await Promise.all(fenced.map(objection))).filter((said) => said !== undefined)).toEqual([])
})

test('every command that is only mentioned exists, with its options', () => {
  const program = buildProgram(terminal, () => Promise.resolve())
  const known = new Set(program.commands.map((command) => command.name()))
  const mentioned = pages.flatMap((page) =>
    [...read(page).matchAll(/`countersign ([a-z][^`]*)`/g)].map((match) => match[1]!),
  )
  expect(mentioned.filter((line) => !known.has(words(line)[0]!))).toEqual([])
  const options = [...readme.matchAll(/`(--[a-z-]+)`/g)].map((match) => match[1]!)
  const all = new Set(every(program).flatMap((command) => command.options.map(({ long }) => long)))
  expect(options.filter((option) => !all.has(option) && option !== '--ci')).toEqual([])
})

function every(command: ReturnType<typeof buildProgram>): ReturnType<typeof buildProgram>[] {
  return [command, ...command.commands.flatMap(every)]
}

test('what a refusal tells people to do can be done', async () => {
  const program = buildProgram(terminal, () => Promise.resolve())
  const advised = Object.values<Advice>(reasons).flatMap(({ next }) => (next?.startsWith('countersign ') ? [next] : []))
  const paths = advised.map((next) => {
    const own = words(next.split(' && ')[0]!).slice(1)
    return { next, path: calledPath(program, own), own: own.filter((word) => !word.startsWith('-')) }
  })
  expect(paths.filter(({ path, own }) => path.length < own.length).map(({ next }) => next)).toEqual([])
})

test('each decision gives its reason first, and says when we would think again', () => {
  const wrong = pages
    .filter((name) => name.startsWith('decisions/'))
    .filter(
      (name) =>
        !/^# \d{3} .+\n\n\*\*Reason\.\*\* [\s\S]+\n\n\*\*Decision\.\*\* [\s\S]+\n\n\*\*We would look again when\*\* /.test(
          read(name),
        ),
    )
  expect(wrong).toEqual([])
})

test('a first start does what the README says, and the log that it leaves verifies and replays', async () => {
  const place = await mkdtemp(join(tmpdir(), 'countersign-readme-'))
  try {
    const printed = (command: string) => fenced.find((line) => line.startsWith(`countersign ${command} `))!
    const up = start(`${printed('up')} --port 0`, place)
    const lines: string[] = []
    for await (const line of createInterface({ input: up.stdout })) {
      lines.push(line)
      if (/Ctrl-C/.test(line)) up.kill('SIGTERM')
    }
    expect(lines.join('\n')).toMatch(/first +open https:\/\/countersign\.acme\.test\/enrol#setup_[\w-]{43} /)
    for (const command of ['verify', 'replay']) {
      const child = start(printed(command), place)
      const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
      expect({ said, code }).toMatchObject({ code: 0 })
    }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
})

function start(line: string, cwd: string) {
  return spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...words(line).slice(1)], {
    cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, HOME: cwd, NO_COLOR: '1' },
  })
}
