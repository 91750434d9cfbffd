/** The approval page: reads the release, checks the statement in this browser, and only then offers to sign it. */

import { get, Problem } from '../api/client.ts'
import type { Login, Release } from '../api/shape.ts'
import { describeState, formatSpan } from '../part/words.ts'
import { signIn } from '../passkey/sign-in.ts'
import { applyTheme, readTheme } from '../theme.ts'
import { disagreements } from '../verify/statement.ts'
import { acts, button, explain } from './act.ts'
import { breakGlass, judge } from './breakglass.ts'
import { h, icon } from './dom.ts'
import { card, describe, exactly, explainNo, warn } from './view.ts'

const page = document.getElementById('page')!
const asked = decodeURIComponent(location.pathname.split('/').at(-1) ?? '').toUpperCase()

applyTheme(readTheme())
void open()

async function open(): Promise<void> {
  try {
    const login = await get<Login>('/api/v1/logins/current')
    document.getElementById('who')!.textContent = `Countersign, signed in as ${login.who.name}`
    await show(await get<Release>(`/api/v1/releases/${encodeURIComponent(asked)}`))
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return askToSignIn()
    page.replaceChildren(h('h1', {}, 'This release cannot be shown'), explain(error))
  }
}

function askToSignIn(): void {
  const enter = button('primary', 'Sign in with passkey', icon('key'))
  const trouble = h('div', { role: 'alert' })
  enter.addEventListener('click', () => {
    enter.disabled = true
    signIn()
      .then(open)
      .catch((error: unknown) => {
        trouble.replaceChildren(explain(error))
        enter.disabled = false
      })
  })
  page.replaceChildren(
    h('h1', {}, 'A release waits for a signature'),
    card(undefined, h('p', {}, 'Sign in first: what is to be signed is shown only to people of this log.')),
    h('div', { class: 'acts' }, trouble, enter),
    h('p', { class: 'small centre' }, 'Fingerprint ', h('code', {}, asked)),
  )
}

async function show(release: Release): Promise<void> {
  const shown = { ...release, requester: release.requestedBy.id }
  const wrong = await disagreements(release.statement, shown, asked)
  document.title = `${release.name} to ${release.environment} · Countersign`
  if (wrong.length > 0) return page.replaceChildren(...warn(wrong))
  page.replaceChildren(...describe(release, Date.now()), ending(release), ...glass(release), exactly(release))
  if (release.state === 'waiting') countDown(release)
}

function ending(release: Release): HTMLElement {
  if (release.state !== 'waiting')
    return card(
      describeState(release.state, release.given, release.required),
      h('p', {}, 'There is nothing left to sign.'),
    )
  return release.you.canApprove ? acts(release) : explainNo(release)
}

/** While it waits the glass can be broken; once it was, it is judged. Nothing is offered that would be refused. */
function glass({ you, brokenGlass: broken, ...rest }: Release): HTMLElement[] {
  const release = { ...rest, you }
  if (broken && !broken.review && you.canJudgeGlass) return [judge(release, broken.breakglass)]
  return !broken && you.canBreakGlass ? [breakGlass(release)] : []
}

/** The time that is left, and at its end no form. */
function countDown(release: Release): void {
  const left = document.getElementById('left')!
  const text = h('span', {})
  left.replaceChildren(icon('clock'), text)
  left.className = 'pill'
  const tick = () => {
    const ms = Date.parse(release.expiresAt) - Date.now()
    text.textContent = ms > 0 ? `${formatSpan(ms)} left` : 'expired'
    if (ms > 0) return
    clearInterval(timer)
    const form = page.querySelector('.acts')
    if (form?.querySelector('.primary')) form.replaceChildren(card('Expired', h('p', {}, 'The time to sign is over.')))
  }
  const timer = setInterval(tick, 1000)
  tick()
}
