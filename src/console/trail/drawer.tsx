/** One leaf: what it says, what was checked and by whom, the path that proves it, and its very bytes. */

import { useEffect, useRef } from 'react'
import { useLeaf } from '../api/query.ts'
import { Answer } from '../part/answer.tsx'
import { IconButton } from '../part/button.tsx'
import { Badge } from '../part/proof-link.tsx'
import { formatCount } from '../part/words.ts'
import { go } from '../router.tsx'
import styles from './drawer.module.css'
import { LeafMore } from './leaf-more.tsx'
import { LeafProof } from './leaf-proof.tsx'
import { LeafSentence } from './leaf-sentence.tsx'
import { useVerdict } from './verdict.ts'

type Props = { readonly leafIndex: number; readonly q: string }

export function Drawer({ leafIndex, q }: Props) {
  const leaf = useLeaf(leafIndex)
  const verdict = useVerdict(leafIndex, leaf.data)
  const close = () => go({ page: 'trail', q })
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <aside
      className={styles.drawer}
      aria-label={`Leaf ${leafIndex}`}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <header className={styles.head}>
        <h2 ref={heading} tabIndex={-1} className={styles.title}>
          Leaf {formatCount(leafIndex)}
        </h2>
        {verdict ? <Badge checked={verdict.ok ? 'here' : 'mismatch'} /> : leaf.data && <Badge checked="server" />}
        <IconButton icon="cross" name="Close" onClick={close} />
      </header>
      <div className={styles.body}>
        <Answer query={leaf}>
          {(data) => (
            <>
              <LeafSentence {...data} />
              {verdict && <LeafProof data={data} verdict={verdict} leafIndex={leafIndex} />}
              <LeafMore data={data} q={q} />
            </>
          )}
        </Answer>
      </div>
    </aside>
  )
}
