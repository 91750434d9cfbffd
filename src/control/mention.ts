/** Whether a text that somebody typed names a person: by handle, name or address, whatever stands around it. */

/** As texts are compared: case and width make no difference. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** `values`: what the person is called, folded. Whole words only: `kit` is not in `kitchen`. */
export function mentions(text: string, values: ReadonlySet<string>): boolean {
  const words = wordsOf(text)
  return [...values].some((value) => wordsOf(value).trim() !== '' && words.includes(wordsOf(value)))
}

/** Letters and digits, with one space before, between and behind the words. */
function wordsOf(text: string): string {
  return ` ${fold(text)
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `
}
