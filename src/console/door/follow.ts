/** Where to go after a sign-in: only ever within this origin, whatever an address says. */

import { parsePlace } from '../place.ts'
import { go } from '../router.tsx'

export function follow(next: string | undefined): void {
  const url = URL.parse(next ?? '/', location.origin)
  if (!url || url.origin !== location.origin || url.pathname === '/sign-in') return go({ page: 'overview' })
  const place = parsePlace(url)
  if (place.page === 'nowhere') location.assign(url.pathname + url.search)
  else go(place, { replace: true })
}
