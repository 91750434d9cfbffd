/** What this browser says of a leaf after recomputing its proof with the key it trusts. */

import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Leaf } from '../api/shape.ts'
import { rememberVerdict } from '../part/checked.ts'
import { usePin } from '../shell/log-check.ts'
import { checkLeaf, type Verdict } from '../verify/leaf.ts'

/** Undefined while computing. A leaf that was shown under another index than it was asked for is a mismatch as well. */
export function useVerdict(leafIndex: number, data: Leaf | undefined): Verdict | undefined {
  const pin = usePin()
  const query = useQuery({
    queryKey: ['verdict', leafIndex, data?.proof, data?.leaf, data?.disclosures, pin?.key],
    queryFn: () => checkLeaf({ ...data!, leafIndex }, pin!.key),
    enabled: data !== undefined && pin !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
  const ok = query.data?.ok
  useEffect(() => {
    if (ok !== undefined) rememberVerdict(leafIndex, ok)
  }, [leafIndex, ok])
  return query.data
}
