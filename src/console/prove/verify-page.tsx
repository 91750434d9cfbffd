/** How to check this log without this server: the page that works from a disk, its hash, and the commands. */

import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem } from '../api/client.ts'
import { useWellKnown } from '../api/query.ts'
import { Answer } from '../part/answer.tsx'
import { buttonClass } from '../part/button.tsx'
import { CopyButton } from '../part/copy.tsx'
import { Page } from '../part/page.tsx'
import { Panel } from '../part/panel.tsx'
import { formatCount } from '../part/words.ts'
import { formatHex } from '../verify/bytes.ts'
import styles from './verify.module.css'

const PATH = '/verify.html'

export function VerifyPage() {
  const known = useWellKnown()
  return (
    <Page
      title="Verify"
      lead="What this log says can be checked by anybody, without this server and without trusting it."
    >
      <div className={styles.panels}>
        <Panel title="In a browser, from a disk">
          <StandAlone />
        </Panel>
        <Panel title="On the command line">
          <Command text="countersign verify q1.csevidence">An evidence package, check by check</Command>
          <Command text="countersign replay q1.csevidence">Decides every decision of it again</Command>
          <Command text="countersign trail prove 17 -o 17.tlog-proof">The proof of one leaf, as a file</Command>
        </Panel>
        <Panel title="The key of the log">
          <p>A proof is worth as much as the way in which this key came to you: compare it by another channel.</p>
          <Answer query={known}>
            {({ logKey }) => (
              <p className={styles.key}>
                <code>{logKey}</code> <CopyButton name="Copy the key of the log" text={logKey} />
              </p>
            )}
          </Answer>
        </Panel>
      </div>
    </Page>
  )
}

function StandAlone() {
  const page = useQuery({ queryKey: ['verify-page'], queryFn: fetchPage, staleTime: 300_000, retry: false })
  return (
    <div className={styles.stack}>
      <p>
        <code>verify.html</code> checks an evidence package in the browser. It is one file, works from a disk with no
        server and no network, and sends nothing anywhere.
      </p>
      <p className={styles.warning}>
        A page that this server hands out is no independent verifier: whoever controls the server controls the page.
        Take it from a release of Countersign instead, or compare its hash with the one published there.
      </p>
      <Answer query={page}>
        {({ hash, bytes }) => (
          <>
            <dl className={styles.facts}>
              <dt>SHA-256 of what this server hands out, computed here</dt>
              <dd className={styles.key}>
                <code>{hash}</code> <CopyButton name="Copy the SHA-256" text={hash} />
              </dd>
              <dt>Size</dt>
              <dd>{formatCount(bytes)} bytes</dd>
            </dl>
            <p className={styles.acts}>
              <a className={buttonClass()} href={PATH} download="verify.html">
                Save verify.html
              </a>
              <a className={buttonClass('quiet')} href={PATH}>
                Open it here
              </a>
            </p>
          </>
        )}
      </Answer>
    </div>
  )
}

type CommandProps = { readonly text: string; readonly children: ReactNode }

function Command({ text, children }: CommandProps) {
  return (
    <div className={styles.command}>
      <p>{children}</p>
      <p className={styles.key}>
        <code>{text}</code> <CopyButton name={`Copy ${text}`} text={text} />
      </p>
    </div>
  )
}

async function fetchPage(): Promise<{ readonly hash: string; readonly bytes: number }> {
  const response = await fetch(PATH, { redirect: 'error' }).catch(() => undefined)
  if (!response?.ok) {
    const told = (await response?.json().catch(() => ({}))) as ConstructorParameters<typeof Problem>[1] | undefined
    throw new Problem(response?.status ?? 0, told ?? { code: 'unreachable', detail: 'The server cannot be reached.' })
  }
  const bytes = await response.arrayBuffer()
  const hash = formatHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
  return { hash, bytes: bytes.byteLength }
}
