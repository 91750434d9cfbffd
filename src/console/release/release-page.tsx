/** Why this artifact is in production, or is not yet, and who let it in: on one screen. */

import { useRelease } from '../api/query.ts'
import type { Release } from '../api/shape.ts'
import { Problem } from '../api/client.ts'
import { Answer, Empty } from '../part/answer.tsx'
import { buttonClass } from '../part/button.tsx'
import { Ago, Left } from '../part/clock.tsx'
import { Icon } from '../part/icon.tsx'
import { Page } from '../part/page.tsx'
import { Pill, StatePill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { Frozen } from '../freeze/frozen.tsx'
import { FreezeButton } from '../freeze/freeze-dialog.tsx'
import { Link } from '../router.tsx'
import { Approvals } from './approvals.tsx'
import { Chain } from './chain.tsx'
import { Changes } from './changes.tsx'
import { Credentials } from './credentials.tsx'
import { Deciders } from './deciders.tsx'
import styles from './release.module.css'

export function ReleasePage({ release }: { readonly release: string }) {
  const query = useRelease(release)
  if (query.error instanceof Problem && query.error.status === 404 && !query.data)
    return (
      <Page title="No such release" crumb={<Link to={{ page: 'releases' }}>Releases</Link>}>
        <Empty title={`No release is called ${release}.`}>
          <p>A fingerprint changes when anything it binds changes: look for the newest one in the CI log.</p>
        </Empty>
      </Page>
    )
  if (!query.data)
    return (
      <Page title={`Release ${release}`} crumb={<Link to={{ page: 'releases' }}>Releases</Link>}>
        <Answer query={query}>{() => null}</Answer>
      </Page>
    )
  return <Shown release={query.data} />
}

function Shown({ release }: { readonly release: Release }) {
  const { name, environment, state, given, required, repository } = release
  return (
    <Page
      title={`${name} to ${environment}`}
      crumb={
        <>
          <Link to={{ page: 'releases' }}>Releases</Link> / {repository}
        </>
      }
      beside={
        <>
          <StatePill state={state} given={given} required={required} />
          {state === 'waiting' && (
            <Pill tone="plain">
              <Left at={release.expiresAt} />
            </Pill>
          )}
        </>
      }
      acts={<Acts release={release} />}
    >
      <Frozen environment={environment} />
      <Chain stations={release.stations} />
      <div className={styles.columns}>
        <div className={styles.column}>
          <Changes release={release} />
          <Credentials grants={release.grants} />
        </div>
        <div className={styles.column}>
          <Deciders release={release} />
          <Approvals release={release} />
          <p className={styles.asked}>
            Requested <Ago at={release.requestedAt} /> by {release.requestedBy.name},{' '}
            <ProofLink leafIndex={release.leafIndex} />
          </p>
        </div>
      </div>
    </Page>
  )
}

/** One primary act, and only for a person whose signature would count. */
function Acts({ release }: { readonly release: Release }) {
  return (
    <>
      <span className={styles.label}>Fingerprint</span>
      <code className={styles.fingerprint}>{release.fingerprint}</code>
      <FreezeButton environment={release.environment} />
      {release.state === 'waiting' && release.you.canApprove && (
        <a className={buttonClass('primary')} href={`/a/${encodeURIComponent(release.fingerprint)}`}>
          <Icon name="key" /> Review and sign
        </a>
      )}
    </>
  )
}
