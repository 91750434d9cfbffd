/** A terminal elsewhere shows a code; whoever confirms it here, with a passkey, signs in that terminal and nothing else. */

import { useMutation } from '@tanstack/react-query'
import { get, post } from '../api/client.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { Field, Form } from '../part/field.tsx'
import { assert, type Challenge } from '../passkey/passkey.ts'
import { Door } from './door.tsx'
import styles from './door.module.css'

type Waiting = Challenge & {
  readonly code: string
  readonly ip: string
  readonly host: string
  readonly program: string
  readonly askedAt: string
}

export function DevicePage() {
  const look = useMutation({
    mutationFn: async (typed: string): Promise<Waiting> => {
      const letters = typed.toUpperCase().replaceAll(/[^A-Z]/g, '')
      const code = `${letters.slice(0, 4)}-${letters.slice(4, 8)}`
      return { ...(await get<Omit<Waiting, 'code'>>(`/api/v1/logins/devices/${code}`)), code }
    },
  })
  if (look.data) return <Confirm waiting={look.data} />
  return (
    <Door title="Sign in a terminal">
      <p>
        Enter the code that <code>countersign login --device</code> shows in a terminal of yours.
      </p>
      <Form onSend={(values) => look.mutate(values['code'] ?? '')}>
        <Field
          label="Code"
          name="code"
          required
          maxLength={12}
          autoComplete="off"
          hint="Eight letters, such as BCDF-GHJK."
        />
        {look.error && <Trouble error={look.error} />}
        <Button weight="primary" type="submit" className={styles.wide} busy={look.isPending}>
          Go on
        </Button>
      </Form>
    </Door>
  )
}

function Confirm({ waiting }: { readonly waiting: Waiting }) {
  const { code, ip, host, program, askedAt } = waiting
  const confirm = useMutation({
    mutationFn: async () => post(`/api/v1/logins/devices/${code}/confirmation`, { assertion: await assert(waiting) }),
  })
  if (confirm.isSuccess)
    return (
      <Door title="Signed in">
        <p role="status">Done. Go back to the terminal.</p>
      </Door>
    )
  return (
    <Door title="Sign in this terminal?">
      <p>
        Did somebody send you this code, or a link to this page? Then close it: whoever waits for the code would act as
        you. Nobody who helps you needs it.
      </p>
      <dl className={styles.facts}>
        {[
          ['Program', program],
          ['Computer', host],
          ['Address', ip],
          ['Since', new Date(askedAt).toLocaleTimeString()],
        ].map(([name, text]) => (
          <div key={name} className={styles.fact}>
            <dt>{name}</dt>
            <dd>
              <code>{text}</code>
            </dd>
          </div>
        ))}
      </dl>
      <p className={styles.small}>
        Program and computer are what the terminal says of itself; the address is what this server sees.
      </p>
      {confirm.error && <Trouble error={confirm.error} />}
      <Button
        weight="primary"
        icon="key"
        className={styles.wide}
        busy={confirm.isPending}
        onClick={() => confirm.mutate()}
      >
        It is mine: confirm with passkey
      </Button>
    </Door>
  )
}
