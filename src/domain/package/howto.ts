/** What somebody reads who was handed a package and nothing else. */

import type { Rule } from './rule.ts'

export function formatHowto(rules: readonly Pick<Rule, 'name' | 'says'>[]): string {
  return [
    'This is one period of a Countersign log, as evidence. It proves itself: nobody has to be asked.',
    'CHECK IT\n  countersign verify FILE.csevidence            every check by name; exits 5 when one fails\n  countersign replay FILE.csevidence            decides every decision of the period again\n  or open verify.html in a browser, and drop the file there. No network is used.',
    'Pin the key: a package that names its own key proves only that it fits together. Get the verifier key of the log from\nsomewhere else (a contract, a witness, an earlier package) and pass it as --log-key.',
    'WHAT IS IN IT\n  manifest.json     signed with the key of the log: the range, what was asked for, SHA-256 of every other file\n  log/leaves/       the leaves, one a line, exactly as they were hashed (RFC 6962, C2SP tlog-tiles)\n  log/checkpoint    the signed root of the log, with cosignatures of witnesses\n  log/proof.json    that the leaves stand at these places, that the log goes on behind them, and the leaves beside them\n  log/hashes        32 bytes for each leaf: which one it is, should one not fit\n  evidence/         what was signed by others and decided on, by SHA-256, in base64\n  disclosures/      personal data, each with the salt that its leaf commits to (RFC 9901); those erased or withheld are absent\n  policies/         every policy set that was in force\n  state/start.jsonl what the leaves before the range fold to, when it does not begin at leaf 0: on the word of the signer\n  populations/      lists to sample from, as CSV and JSON lines\n  samples/          picks, when asked for: by SHA-256 of the root hash and the words of the auditor\n  controls/         which events evidence which control\n  exceptions.csv    what did not go the ordinary way\n  coverage.md       what is in it, and where there are gaps',
    `THE LISTS, AND THE RULES THAT MAKE THEM\n${rules.map(({ name, says }) => `  ${name.padEnd(12)}  ${says}`).join('\n')}`,
    'WHAT IT DOES NOT PROVE\n  That nothing happened outside of what is connected. That the signer, before the first witness saw the log, did not begin\n  another one. That whoever held a passkey was the person it was enrolled for.',
    '',
  ].join('\n\n')
}
