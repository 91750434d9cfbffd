/** Who exists, how they prove it, what they may do; inviting, giving roles and revoking for administrators. */

import { useState } from 'react'
import { useLogin, usePeople } from '../api/query.ts'
import type { Person } from '../api/shape.ts'
import { Problem } from '../api/client.ts'
import { Answer, Empty } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Name } from '../part/name.tsx'
import { Page } from '../part/page.tsx'
import { Pill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import table from '../part/table.module.css'
import { cutDigest } from '../part/words.ts'
import { Activations } from './activations.tsx'
import { Erasures } from './erasures.tsx'
import { InviteDialog } from './invite-dialog.tsx'
import styles from './people.module.css'
import { RevokeDialog } from './revoke-dialog.tsx'
import { RoleDialog } from './role-dialog.tsx'

type Asked = { readonly act: 'invite' } | { readonly act: 'role' | 'revoke'; readonly person: Person }

export function PeoplePage() {
  const people = usePeople()
  const administers = useLogin().data?.can.administer ?? false
  const [asked, setAsked] = useState<Asked>()
  const close = () => setAsked(undefined)
  const isRefused = people.error instanceof Problem && people.error.status === 403
  return (
    <Page
      title="People"
      acts={
        administers && (
          <Button weight="primary" icon="plus" onClick={() => setAsked({ act: 'invite' })}>
            Invite
          </Button>
        )
      }
      lead={administers || isRefused ? undefined : 'Only an administrator can invite, give roles or revoke.'}
    >
      {administers && <Activations />}
      {administers && <Erasures />}
      <div className={styles.card}>
        <Answer query={people}>
          {(all) =>
            all.length === 0 ? (
              <Empty title="Nobody is enrolled yet." />
            ) : (
              <Rows people={all} onAsk={administers ? setAsked : undefined} />
            )
          }
        </Answer>
      </div>
      <InviteDialog open={asked?.act === 'invite'} onClose={close} />
      {asked?.act === 'role' && <RoleDialog person={asked.person} onClose={close} />}
      {asked?.act === 'revoke' && <RevokeDialog person={asked.person} onClose={close} />}
    </Page>
  )
}

type RowsProps = { readonly people: readonly Person[]; readonly onAsk: ((asked: Asked) => void) | undefined }

function Rows({ people, onAsk }: RowsProps) {
  return (
    <table className={join(table.table, styles.people)}>
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">Roles</th>
          <th scope="col">Proves it with</th>
          <th scope="col">Zone and hours</th>
          <th scope="col">Leaf</th>
          {onAsk && (
            <th scope="col">
              <span className={styles.hidden}>Acts</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {people.map((person) => (
          <PersonRow key={person.who.id} person={person} onAsk={onAsk} />
        ))}
      </tbody>
    </table>
  )
}

function PersonRow({ person, onAsk }: { readonly person: Person; readonly onAsk: RowsProps['onAsk'] }) {
  const { who, zone, revoked, leafIndex } = person
  return (
    <tr className={revoked ? styles.gone : undefined}>
      <td>
        <Name who={who} className={styles.name} />
        {who.label && <span className={styles.label}>{who.label}</span>}
      </td>
      <td>
        <Roles person={person} />
      </td>
      <td>
        <Keys person={person} />
      </td>
      <td>
        {zone}
        {person.hours && <span className={styles.label}>{describeHours(person.hours)}</span>}
      </td>
      <td>
        <ProofLink leafIndex={leafIndex} />
      </td>
      {onAsk && (
        <td className={styles.acts}>
          {!revoked && (
            <>
              <Button weight="quiet" onClick={() => onAsk({ act: 'role', person })} aria-label={`Roles of ${who.name}`}>
                Roles
              </Button>
              <Button weight="quiet" onClick={() => onAsk({ act: 'revoke', person })} aria-label={`Revoke ${who.name}`}>
                Revoke
              </Button>
            </>
          )}
        </td>
      )}
    </tr>
  )
}

function Roles({ person: { roles, revoked, enrolled } }: { readonly person: Person }) {
  return (
    <span className={styles.roles}>
      {revoked ? (
        <Pill tone="deny" icon="cross">
          revoked
        </Pill>
      ) : !enrolled ? (
        <Pill tone="wait" icon="clock">
          invited
        </Pill>
      ) : null}
      {roles.map((role) => (
        <Pill key={role} tone="plain">
          {role}
        </Pill>
      ))}
      {roles.length === 0 && !revoked && <span className={table.quiet}>no role</span>}
    </span>
  )
}

function Keys({ person }: { readonly person: Person }) {
  const { passkeys, keys, who } = person
  const nothing = passkeys === 0 && keys.length === 0
  return (
    <ul className={styles.keys}>
      {nothing && <li className={table.quiet}>nothing yet</li>}
      {passkeys > 0 && (
        <li>
          {passkeys} {passkeys === 1 ? 'passkey' : 'passkeys'}
          {who.software && <span className={styles.software}> (software key)</span>}
        </li>
      )}
      {keys.map((key) => (
        <li key={key.fingerprint} title={key.fingerprint}>
          {key.format === 'openpgp' ? 'OpenPGP' : key.format} key{' '}
          <code className={table.quiet}>{cutDigest(key.fingerprint.replace('SHA256:', ''), 5)}</code>
        </li>
      ))}
    </ul>
  )
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** `8:00 to 18:00, Mon to Fri`. */
function describeHours({ from, to, days }: NonNullable<Person['hours']>): string {
  const names = days.toSorted((a, b) => a - b).map((day) => DAYS[day - 1] ?? '?')
  const inRow = days.length > 2 && Math.max(...days) - Math.min(...days) === days.length - 1
  return `${from}:00 to ${to}:00, ${inRow ? `${names[0]} to ${names.at(-1)}` : names.join(', ')}`
}
