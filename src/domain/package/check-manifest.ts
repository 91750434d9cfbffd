/** That a package is one archive, signed as a whole by the key of the log, with exactly the members that were signed for. */

import { parse } from '../../bytes/json.ts'
import { concat, crc32, decodeText, encodeText, formatHex, parseBase64 } from '../../bytes/portable.ts'
import { readZip, ZipError, type Source } from '../../bytes/zip.ts'
import { Member } from './archive.ts'
import { because, judged, passed, type Check, type Problem } from './finding.ts'
import { MANIFEST, MAX_LEAVES } from './layout.ts'
import { parseManifest, PAYLOAD_TYPE, type Manifest } from './manifest.ts'
import { fieldsOf, listOf, textOf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'

export type Members = ReadonlyMap<string, Member>
export type Opened = { readonly members: Members; readonly manifest: Manifest }

/** `opened` is undefined when nothing else can be looked at. */
export async function openPackage(
  source: Source,
  pinned: readonly string[],
  tools: Tools,
): Promise<{ readonly checks: readonly Check[]; readonly opened: Opened | undefined }> {
  const archive = await openArchive(source)
  if ('problem' in archive) return { checks: [judged('archive', '', [archive.problem])], opened: undefined }
  const { members } = archive
  const archived = passed('archive', `one archive of ${members.size} members`)
  const signed = await openManifest(members, pinned, tools)
  if (!signed.manifest) return { checks: [archived, signed.check], opened: undefined }
  const compared = await checkMembers(members, signed.manifest, tools)
  return { checks: [archived, signed.check, compared], opened: { members, manifest: signed.manifest } }
}

async function openArchive(source: Source): Promise<{ readonly members: Members } | { readonly problem: Problem }> {
  try {
    const members = await readZip(source)
    return { members: new Map(members.map((member) => [member.name, new Member(source, member)])) }
  } catch (error) {
    if (!(error instanceof ZipError)) throw error
    return { problem: { cause: 'malformed', detail: error.message } }
  }
}

async function openManifest(
  members: Members,
  pinned: readonly string[],
  tools: Tools,
): Promise<{ readonly check: Check; readonly manifest?: Manifest }> {
  const name = 'manifest'
  const member = members.get(MANIFEST)
  if (!member) return { check: judged(name, '', [{ cause: 'absent', detail: 'there is no manifest.json' }]) }
  try {
    const { payload, signature } = parseEnvelope(decodeText(await member.bytes()))
    const manifest = parseManifest(decodeText(payload))
    const { logKey, from, to } = manifest
    if (to - from > MAX_LEAVES) throw new SyntaxError(`${to - from} leaves, and a package has at most ${MAX_LEAVES}`)
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

async function checkMembers(members: Members, manifest: Manifest, tools: Tools): Promise<Check> {
  const problems: Problem[] = []
  const named = new Set([MANIFEST])
  for (const { name, sha256: expected } of manifest.members) {
    const member = members.get(name)
    named.add(name)
    if (!member) problems.push({ cause: 'absent', detail: `${name} is missing` })
    else problems.push(...(await checkMember(member, expected, tools)))
  }
  for (const name of members.keys())
    if (!named.has(name)) problems.push({ cause: 'added', detail: `${name} was not signed for` })
  return judged('members', `all ${manifest.members.length} as they were signed for`, problems)
}

async function checkMember(member: Member, expected: string, tools: Tools): Promise<Problem[]> {
  const hash = tools.hash()
  let crc = 0
  for await (const block of member.blocks()) {
    hash.update(block)
    crc = crc32(block, crc)
  }
  if (formatHex(await hash.digest()) !== expected)
    return [{ cause: 'altered', detail: `${member.name} is not the one that was signed for` }]
  if (crc !== member.crc) return [{ cause: 'altered', detail: `the archive's own checksum of ${member.name} is wrong` }]
  return []
}
