/** No page answers to this address. */

import { Empty } from '../part/answer.tsx'
import { Page } from '../part/page.tsx'
import { Link } from '../router.tsx'

export function Nowhere() {
  return (
    <Page title="No such page">
      <Empty title="Nothing lives at this address.">
        <p>
          Go to the <Link to={{ page: 'overview' }}>overview</Link> or search the{' '}
          <Link to={{ page: 'trail' }}>trail</Link>.
        </p>
      </Empty>
    </Page>
  )
}
