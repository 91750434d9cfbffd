/** What would be different in the environment: the commits since the last release, who wrote and signed them, the risks. */

import type { Commit, Release } from '../api/shape.ts'
import { Empty } from '../part/answer.tsx'
import { Ago } from '../part/clock.tsx'
import { join } from '../part/class.ts'
import { Name } from '../part/name.tsx'
import { Panel } from '../part/panel.tsx'
import { Pill } from '../part/pill.tsx'
import table from '../part/table.module.css'
import { cutDigest, nameOf } from '../part/words.ts'
import { Link } from '../router.tsx'
import styles from './changes.module.css'

export function Changes({ release }: { readonly release: Release }) {
  const { commits, since, risks, environment } = release
  return (
    <Panel
      title={`What changes in ${environment}`}
      aside={
        since ? (
          <>
            since <code>{since.commit.slice(0, 7)}</code>, deployed <Ago at={since.deployedAt} />
          </>
        ) : (
          'first release here'
        )
      }
      flush
    >
      {commits.length === 0 ? (
        <Empty title="No commit is new: the same source again." />
      ) : (
        <Commits commits={commits} />
      )}
      {risks.length > 0 && (
        <ul className={styles.risks} aria-label="Risks">
          {risks.map((risk) => (
            <li key={risk.kind + risk.text}>
              {/agent|ai/.test(risk.kind) ? (
                <Pill tone="agent">{risk.text}</Pill>
              ) : (
                <Pill tone="wait" icon="alert">
                  {risk.text}
                </Pill>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Commits({ commits }: { readonly commits: readonly Commit[] }) {
  return (
    <table className={join(table.table, styles.commits)}>
      <thead>
        <tr>
          <th scope="col">Commit</th>
          <th scope="col">Change</th>
          <th scope="col">Author</th>
          <th scope="col">Signature</th>
        </tr>
      </thead>
      <tbody>
        {commits.map((commit) => (
          <tr key={commit.id}>
            <td className={table.mono}>
              <Link to={{ page: 'trail', leaf: commit.leafIndex }} title={commit.id} className={styles.id} data-row>
                {commit.id.slice(0, 7)}
              </Link>
            </td>
            <td className={styles.subject}>{commit.subject}</td>
            <td>
              {commit.author ? <Name who={commit.author} /> : <span className={table.quiet}>{commit.authorName}</span>}
            </td>
            <td>
              <Signature commit={commit} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Signature({ commit }: { readonly commit: Commit }) {
  const { signature, signer, author } = commit
  const format = signature.format === 'openpgp' ? 'OpenPGP' : signature.format
  const by = signer && signer.id !== author?.id ? ` by ${nameOf(signer)}` : ''
  if (!signature.verified)
    return (
      <Pill tone="deny" icon="cross">
        {signature.format === 'none' ? 'not signed' : `${format}, not verified`}
      </Pill>
    )
  return (
    <Pill tone="ok" icon="check" title={cutDigest(signature.fingerprint, 12)}>
      {format} key, verified{by}
    </Pill>
  )
}
