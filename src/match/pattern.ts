/** Patterns that strangers may write: matched in time linear in the text, whatever the pattern (RE2 semantics, by re2js). */

import { RE2JS } from 're2js'
import type { Test } from './query.ts'

const MAX_PATTERN = 256

/** Undefined, or why this is no pattern. */
export function faultOf(regex: string): string | undefined {
  if (regex === '') return 'there is nothing between the slashes'
  if (regex.length > MAX_PATTERN) return `a pattern has at most ${MAX_PATTERN} characters`
  try {
    RE2JS.compile(regex)
    return undefined
  } catch (error) {
    return `this is no pattern of RE2: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`
  }
}

/** A test of one text, prepared once for many. `exists` holds of every text. */
export function prepare(test: Test): (value: string) => boolean {
  if ('is' in test) return (value) => value === test.is
  if ('exists' in test) return () => true
  const pattern = RE2JS.compile('glob' in test ? regexOfGlob(test.glob) : test.regex)
  return (value) => pattern.matcher(value).find()
}

function regexOfGlob(glob: string): string {
  const parts = [...glob].map((char) => (char === '*' ? '.*' : char === '?' ? '.' : RE2JS.quote(char)))
  return `(?s)^${parts.join('')}$`
}

/** What every text begins with that passes: a range to look in. */
export function prefixOf(test: Test): string {
  if ('is' in test) return test.is
  return 'glob' in test ? /^[^*?]*/.exec(test.glob)![0] : ''
}
