import { afterAll, expect, test } from 'vitest'
import { survey } from '../../src/cli/demo/survey.ts'
import { createRepository, hasTool } from '../world/repository.ts'

const repository = createRepository()
afterAll(() => repository[Symbol.dispose]())
const place = { env: process.env, gitDir: `${repository.directory}/.git` }

test.skipIf(!hasTool('ssh-keygen', '-?') || !hasTool('gpg', '--version'))(
  'counts who signed, and what nobody could make acceptable',
  async () => {
    repository.sshKey('laptop', '-t', 'ed25519')
    repository.gpgKey('dana@acme.example')
    repository.commit('not signed')
    const ssh = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${repository.directory}/laptop.pub`]
    for (const message of ['one', 'two']) repository.git(...ssh, 'commit', '-q', '--allow-empty', '-S', '-m', message)
    repository.git('commit', '-q', '--allow-empty', '-Sdana@acme.example', '-m', 'three')
    const forged = repository.read(repository.git('rev-parse', 'HEAD~1').toString().trim()).toString('latin1')
    const changed = Buffer.from(forged.replace('two\n', 'owt\n'), 'latin1')
    const id = repository.run('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], changed).toString().trim()

    const { commits, signed, refused } = await survey(place, 'main', Date.now())
    expect({ commits, refused }).toEqual({ commits: 4, refused: 1 })
    expect([...signed.values()]).toEqual([2, 1])
    expect([...signed.keys()][0]).toMatch(/^SHA256:/)
    // A signature over other bytes is none: that commit counts as refused, and its parent as before.
    expect(await survey(place, id, Date.now())).toMatchObject({ commits: 3, refused: 2 })
  },
)
