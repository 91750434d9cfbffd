/** What was checked, by name, and the path that was climbed. */

import type { Leaf } from '../api/shape.ts'
import { CopyButton } from '../part/copy.tsx'
import { DISCLOSURE, type Check, type Verdict } from '../verify/leaf.ts'
import { Link } from '../router.tsx'
import styles from './drawer.module.css'
import { Line } from './line.tsx'
import { MerklePath } from './merkle-path.tsx'

type Props = { readonly data: Leaf; readonly verdict: Verdict; readonly leafIndex: number }

export function LeafProof({ data: { leaf, proof }, verdict, leafIndex }: Props) {
  return (
    <>
      <h3 className={styles.section}>Proof</h3>
      <ul className={styles.facts}>
        {foldDisclosures(verdict.checks).map((check) => (
          <Line key={check.name} ok={check.ok}>
            {check.detail}
          </Line>
        ))}
      </ul>
      <MerklePath verdict={verdict} leafIndex={leafIndex} treeSize={proof.treeSize} />
      <p className={styles.small}>
        Recomputed in this browser from the bytes below. The page itself comes from the server:{' '}
        <code>countersign verify</code> and <Link to={{ page: 'verify' }}>verify.html</Link> check without it.
      </p>
      <p className={styles.acts}>
        <CopyButton name="Copy proof" text={JSON.stringify({ leafIndex, leaf, proof }, null, 2)}>
          Copy proof
        </CopyButton>
      </p>
    </>
  )
}

/** Disclosures that hold are told in one line, by name; one that does not keeps a line of its own. */
function foldDisclosures(checks: readonly Check[]): readonly Check[] {
  const isHeld = ({ name, ok }: Check) => ok && name.startsWith(DISCLOSURE)
  const held = checks.filter(isHeld).map(({ name }) => name.slice(DISCLOSURE.length))
  if (held.length < 2) return checks
  const detail = `${held.slice(0, -1).join(', ')} and ${held.at(-1)} are what the leaf commits to`
  return [...checks.filter((check) => !isHeld(check)), { name: 'disclosures', ok: true, detail }]
}
