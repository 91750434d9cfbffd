/** What is suspicious, and is it being looked after? Each alert in a sentence, with the leaves it rests on. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import { useAlerts } from '../api/query.ts'
import type { Alert } from '../api/shape.ts'
import { Answer, Empty, Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Ago } from '../part/clock.tsx'
import { Icon } from '../part/icon.tsx'
import { Page } from '../part/page.tsx'
import { Pill, type Tone } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { Link } from '../router.tsx'
import styles from './alerts.module.css'
import { Evidence } from './evidence.tsx'

const TONES: Readonly<Record<Alert['severity'], Tone>> = {
  low: 'plain',
  medium: 'wait',
  high: 'deny',
  critical: 'deny',
}

const RULES = [
  'A push from an unverified identity',
  'Access out of the working hours of the person',
  'Rapid role assignments',
  'A damaged log',
]

export function AlertsPage({ selected }: { readonly selected: string | undefined }) {
  const alerts = useAlerts()
  return (
    <Page title="Alerts">
      <Answer query={alerts}>
        {(all) =>
          all.length === 0 ? (
            <div className={styles.card}>
              <Empty title="No rule has fired.">
                <p>Watched for:</p>
                <ul className={styles.rules}>
                  {RULES.map((rule) => (
                    <li key={rule}>{rule}</li>
                  ))}
                </ul>
              </Empty>
            </div>
          ) : (
            <ul className={styles.list}>
              {all.map((alert) => (
                <AlertCard key={alert.alert} alert={alert} open={alert.alert === selected} />
              ))}
            </ul>
          )
        }
      </Answer>
    </Page>
  )
}

function AlertCard({ alert, open }: { readonly alert: Alert; readonly open: boolean }) {
  return (
    <li className={join(styles.card, alert.acknowledged && styles.calm)}>
      <div className={styles.head}>
        <Icon name="alert" className={styles[TONES[alert.severity]]} />
        <h2 className={styles.title}>{alert.title}</h2>
        <Pill tone={TONES[alert.severity]}>{alert.severity}</Pill>
        <span className={styles.when}>
          <Ago at={alert.at} /> <ProofLink leafIndex={alert.leafIndex} />
        </span>
      </div>
      <p className={styles.sentence}>{alert.sentence}</p>
      {open && <Evidence leaves={alert.evidence} />}
      <div className={styles.foot}>
        <Link
          to={{ page: 'alerts', ...(open ? {} : { alert: alert.alert }) }}
          aria-expanded={open}
          className={styles.more}
          data-row
        >
          {open ? 'Hide' : 'Show'} the {alert.evidence.length === 1 ? 'leaf' : `${alert.evidence.length} leaves`} it
          rests on
        </Link>
        <Acknowledge alert={alert} />
      </div>
    </li>
  )
}

function Acknowledge({ alert }: { readonly alert: Alert }) {
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: () => post(`/api/v1/alerts/${encodeURIComponent(alert.alert)}/acknowledgement`, {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ['alerts'] }),
  })
  if (alert.acknowledged)
    return (
      <span className={styles.when}>
        <span>
          acknowledged by {alert.acknowledged.by.name}, <Ago at={alert.acknowledged.at} />
        </span>
      </span>
    )
  return (
    <>
      {act.error && <Trouble error={act.error} />}
      <Button busy={act.isPending} onClick={() => act.mutate()}>
        Acknowledge
      </Button>
    </>
  )
}
