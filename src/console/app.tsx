/** Which page answers to which place; everything but the doors asks for a login first. */

import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { AlertsPage } from './alert/alerts-page.tsx'
import { Problem } from './api/client.ts'
import { useLogin, useSetup } from './api/query.ts'
import { ApprovalsPage } from './approval/approvals-page.tsx'
import { CliLoginPage } from './door/cli-login-page.tsx'
import { DevicePage } from './door/device-page.tsx'
import { Door } from './door/door.tsx'
import { EnrolPage } from './door/enrol-page.tsx'
import { SignedInPage } from './door/idp.tsx'
import { SignInPage } from './door/sign-in-page.tsx'
import { openStream } from './live.ts'
import { OverviewPage } from './overview/overview-page.tsx'
import { Loading, Trouble } from './part/answer.tsx'
import { PeoplePage } from './person/people-page.tsx'
import { formatPlace, type Place } from './place.ts'
import { VerifyPage } from './prove/verify-page.tsx'
import { ReleasePage } from './release/release-page.tsx'
import { ReleasesPage } from './release/releases-page.tsx'
import { go, usePlace } from './router.tsx'
import { Nowhere } from './shell/nowhere.tsx'
import { Shell } from './shell/shell.tsx'
import { TrailPage } from './trail/trail-page.tsx'

export function App() {
  const place = usePlace()
  if (place.page === 'enrol') return <EnrolPage />
  if (place.page === 'device') return <DevicePage />
  if (place.page === 'signed-in') return <SignedInPage />
  if (place.page === 'sign-in') return <SignInPage next={place.next} />
  return <Inside place={place} />
}

function Inside({ place }: { readonly place: Place }) {
  const login = useLogin()
  const signedOut = login.error instanceof Problem && login.error.status === 401
  useLiveStream(login.data !== undefined && !signedOut)
  if (signedOut) return <Outside place={place} />
  if (login.data === undefined)
    return (
      <Door title="Countersign">
        {login.error ? <Trouble error={login.error} retry={() => void login.refetch()} /> : <Loading />}
      </Door>
    )
  if (place.page === 'cli-login') return <CliLoginPage login={login.data} place={place} />
  return (
    <Shell login={login.data} place={place}>
      <Content place={place} />
    </Shell>
  )
}

/** Nobody is signed in: to the sign-in page and back afterwards, unless this server has no first person yet. */
function Outside({ place }: { readonly place: Place }) {
  const setup = useSetup()
  const wait = setup.isPending || setup.data?.needed === true
  useEffect(() => {
    if (!wait) go({ page: 'sign-in', next: formatPlace(place) }, { replace: true })
  }, [wait, place])
  if (!setup.data?.needed) return null
  return (
    <Door title="Nobody is enrolled yet">
      <p>
        The server printed a link when it started. Open that link in this browser: it creates the first passkey, and the
        person who holds it administers this log.
      </p>
      <p>The link still works after a failed try. Without the terminal at hand, start the server again to see it.</p>
    </Door>
  )
}

function useLiveStream(open: boolean): void {
  const client = useQueryClient()
  useEffect(() => (open ? openStream(client) : undefined), [client, open])
}

function Content({ place }: { readonly place: Place }) {
  switch (place.page) {
    case 'overview':
      return <OverviewPage />
    case 'releases':
      return <ReleasesPage state={place.state} />
    case 'release':
      return <ReleasePage release={place.release} />
    case 'approvals':
      return <ApprovalsPage tab={place.tab ?? 'yours'} />
    case 'trail':
      return <TrailPage q={place.q} leaf={place.leaf} />
    case 'alerts':
      return <AlertsPage selected={place.alert} />
    case 'people':
      return <PeoplePage />
    case 'verify':
      return <VerifyPage />
    default:
      return <Nowhere />
  }
}
