/** The command line on this computer asks for a login; a person says yes here, and only loopback gets the answer. */

import { useMutation } from '@tanstack/react-query'
import { post, Problem } from '../api/client.ts'
import type { Login } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import type { Place } from '../place.ts'
import { Door } from './door.tsx'
import styles from './door.module.css'

type Asked = Extract<Place, { page: 'cli-login' }>

export function CliLoginPage({ login, place }: { readonly login: Login; readonly place: Asked }) {
  const port = portOf(place.port)
  const answer = useMutation({
    mutationFn: async () => {
      const body = { challenge: place.challenge, redirectPort: port, state: place.state }
      const { redirect } = await post<{ code: string; redirect: string }>('/api/v1/logins/codes', body)
      location.assign(loopbackOnly(redirect, port))
    },
  })
  if (port === 0 || !/^[A-Za-z0-9_-]{43}$/.test(place.challenge) || !/^[A-Za-z0-9_-]{16,128}$/.test(place.state))
    return (
      <Door title="This request is not complete">
        <p>
          Start again from the terminal with <code>countersign login</code>.
        </p>
      </Door>
    )
  return (
    <Door title="Sign in the command line?">
      <p>
        A <code>countersign</code> on this computer asks to act as you. Say yes only if you just ran{' '}
        <code>countersign login</code> here yourself.
      </p>
      <Facts name={login.who.name} port={port} />
      {answer.error && <Trouble error={answer.error} />}
      {answer.isSuccess ? (
        <p role="status">Done. Go back to the terminal.</p>
      ) : (
        <Button
          weight="primary"
          icon="terminal"
          className={styles.wide}
          busy={answer.isPending}
          onClick={() => answer.mutate()}
        >
          Sign in the command line
        </Button>
      )}
    </Door>
  )
}

function Facts({ name, port }: { readonly name: string; readonly port: number }) {
  return (
    <dl className={styles.facts}>
      <div className={styles.fact}>
        <dt>As</dt>
        <dd>{name}</dd>
      </div>
      <div className={styles.fact}>
        <dt>Answer goes to</dt>
        <dd>
          <code>127.0.0.1:{port}</code>
        </dd>
      </div>
    </dl>
  )
}

/** 0 when the text is no unprivileged port. */
function portOf(text: string): number {
  const port = /^[0-9]{4,5}$/.test(text) ? Number(text) : 0
  return port >= 1024 && port <= 65_535 ? port : 0
}

/** The code must reach nobody but the program that asked, whatever the server answers. */
function loopbackOnly(redirect: string, port: number): string {
  if (redirect.startsWith(`http://127.0.0.1:${port}/`)) return redirect
  throw new Problem(0, { code: 'foreign_redirect', detail: 'The server named another address than this computer.' })
}
