/** That a package is one archive, signed as a whole by the key of the log, with exactly the members that were signed for. */

import { parse } from '../../bytes/json.ts'
import { concat, crc32, decodeText, encodeText, formatHex, parseBase64 } from '../../bytes/portable.ts'
import { parseZip, ZipError } from '../../bytes/zip.ts'
import { because, judged, passed, type Check, type Problem } from './finding.ts'
import { MANIFEST } from './layout.ts'
import { parseManifest, PAYLOAD_TYPE, type Manifest } from './manifest.ts'
import { fieldsOf, listOf, textOf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'

export type Members = ReadonlyMap<string, Uint8Array>
export type Opened = { readonly members: Members; readonly manifest: Manifest }

/** `opened` is undefined when nothing else can be looked at. */
export async function openPackage(
  bytes: Uint8Array,
  pinned: readonly string[],
  tools: Tools,
): Promise<{ readonly checks: readonly Check[]; readonly opened: Opened | undefined }> {
  const archive = openArchive(bytes)
  if ('problem' in archive) return { checks: [judged('archive', '', [archive.problem])], opened: undefined }
  const { members, checksums } = archive
  const archived = passed('archive', `one archive of ${members.size} members`)
  const signed = await openManifest(members, pinned, tools)
  if (!signed.manifest) return { checks: [archived, signed.check], opened: undefined }
  const compared = await checkMembers(members, checksums, signed.manifest, tools)
  return { checks: [archived, signed.check, compared], opened: { members, manifest: signed.manifest } }
}

function openArchive(bytes: Uint8Array) {
  try {
    const members = parseZip(bytes)
    return {
      members: new Map(members.map((member) => [member.name, member.bytes])),
      checksums: new Map(members.map(({ name, crc }) => [name, crc])),
    }
  } catch (error) {
    if (!(error instanceof ZipError)) throw error
    return { problem: { cause: 'malformed', detail: error.message } as Problem }
  }
}

async function openManifest(
  members: Members,
  pinned: readonly string[],
  tools: Tools,
): Promise<{ readonly check: Check; readonly manifest?: Manifest }> {
  const name = 'manifest'
  const bytes = members.get(MANIFEST)
  if (!bytes) return { check: judged(name, '', [{ cause: 'absent', detail: 'there is no manifest.json' }]) }
  try {
    const { payload, signature } = parseEnvelope(decodeText(bytes))
    const manifest = parseManifest(decodeText(payload))
    const { logKey } = manifest
    const message = concat(encodeText(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload)
    const problems: Problem[] = []
    if (pinned.length > 0 && !pinned.includes(logKey))
      problems.push({ cause: 'wrong_key', detail: `it names ${logKey}, and you trust ${pinned.join(', ')}` })
    else if (!(await tools.verify(logKey, message, signature)))
      problems.push({ cause: 'altered', detail: `${logKey} did not sign it as it is` })
    if (!logKey.startsWith(`${manifest.origin}+`))
      problems.push({ cause: 'wrong_key', detail: `the key ${logKey} is not one of the log ${manifest.origin}` })
    return { check: judged(name, `signed by ${logKey}`, problems), manifest }
  } catch (error) {
    return { check: judged(name, '', [{ cause: 'malformed', detail: `manifest.json: ${because(error)}` }]) }
  }
}

/** A DSSE envelope with one signature. */
function parseEnvelope(text: string): { readonly payload: Uint8Array; readonly signature: Uint8Array } {
  const { payload, payloadType, signatures } = fieldsOf(parse(text))
  const [signature, ...rest] = listOf(signatures)
  if (payloadType !== PAYLOAD_TYPE || !signature || rest.length > 0)
    throw new SyntaxError('not an in-toto statement with one signature')
  return { payload: parseBase64(textOf(payload)), signature: parseBase64(textOf(fieldsOf(signature)['sig'])) }
}

async function checkMembers(
  members: Members,
  checksums: ReadonlyMap<string, number>,
  manifest: Manifest,
  { sha256 }: Tools,
): Promise<Check> {
  const problems: Problem[] = []
  const named = new Set([MANIFEST])
  for (const { name, sha256: expected } of manifest.members) {
    const bytes = members.get(name)
    named.add(name)
    if (!bytes) problems.push({ cause: 'absent', detail: `${name} is missing` })
    else if (formatHex(await sha256(bytes)) !== expected)
      problems.push({ cause: 'altered', detail: `${name} is not the one that was signed for` })
    else if (checksums.get(name) !== crc32(bytes))
      problems.push({ cause: 'altered', detail: `the archive's own checksum of ${name} is wrong` })
  }
  for (const name of members.keys())
    if (!named.has(name)) problems.push({ cause: 'added', detail: `${name} was not signed for` })
  return judged('members', `all ${manifest.members.length} as they were signed for`, problems)
}
