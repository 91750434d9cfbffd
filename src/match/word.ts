/** Sentences as words, alike for whoever looks at one row and for an index over millions. */

const WORD = /\{[^{}\s]+\}|[\p{L}\p{N}\p{M}]+/gu

/** ASCII letters only: what every database folds alike. */
export function foldCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Runs of letters and digits, in lower case; a principal, `{person:…}`, is one word without its braces. */
export function wordsOf(text: string): string[] {
  const found = text.match(WORD) ?? []
  const fold = /[A-Z]/.test(text) ? foldCase : (word: string) => word
  return found.map((word) => (word.startsWith('{') ? word.slice(1, -1) : fold(word)))
}

/** Whether the words stand one after the other; the last one may go on when `isOpen`. */
export function says(sentence: readonly string[], words: readonly string[], isOpen: boolean): boolean {
  const last = words.length - 1
  const stands = (start: number) =>
    words.every((word, index) => {
      const found = sentence[start + index]
      return found === word || (isOpen && index === last && found !== undefined && found.startsWith(word))
    })
  return sentence.some((_, start) => stands(start))
}

/** `says` for many sentences: the same answer, without taking apart those that a pattern can judge. */
export function prepareSays(words: readonly string[], isOpen: boolean): (sentence: string) => boolean {
  const parts = words.map((word) => word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`))
  const isPlain = words.every((word) => /^[\p{L}\p{N}\p{M}]+$/u.test(word))
  const end = isOpen ? '' : '(?![\\p{L}\\p{N}\\p{M}])'
  const pattern = isPlain && new RegExp(`(?<![\\p{L}\\p{N}\\p{M}])${parts.join('[^\\p{L}\\p{N}\\p{M}]+')}${end}`, 'u')
  return (sentence) =>
    // Within braces the same letters are another word.
    pattern && !sentence.includes('{') ? pattern.test(sentence) : says(wordsOf(sentence), words, isOpen)
}
