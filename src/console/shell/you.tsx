/** Who is signed in, and what only concerns them: theme, keys, leaving. */

import { Menu } from '@base-ui/react/menu'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { remove } from '../api/client.ts'
import type { Login } from '../api/shape.ts'
import { Icon, type IconName } from '../part/icon.tsx'
import { Name } from '../part/name.tsx'
import { go } from '../router.tsx'
import { chooseTheme, readTheme, watchTheme, type Theme } from '../theme.ts'
import styles from './you.module.css'

const THEMES: readonly { readonly theme: Theme; readonly label: string; readonly icon: IconName }[] = [
  { theme: 'system', label: 'As the system', icon: 'screen' },
  { theme: 'light', label: 'Light', icon: 'sun' },
  { theme: 'dark', label: 'Dark', icon: 'moon' },
]

export function You({ login, onHelp }: { readonly login: Login; readonly onHelp: () => void }) {
  const theme = useSyncExternalStore(watchTheme, readTheme)
  const leave = useLeave()
  return (
    <Menu.Root>
      <Menu.Trigger className={styles.trigger}>
        <span className={styles.hidden}>Signed in as </span>
        <Name who={login.who} />
        <Icon name="chevron" className={styles.chevron} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={6} className={styles.positioner}>
          <Menu.Popup className={styles.popup}>
            <div className={styles.who}>
              <strong>{login.who.label ?? login.who.name}</strong>
              <span>{login.roles.length > 0 ? login.roles.join(', ') : 'no role'}</span>
            </div>
            <Menu.RadioGroup value={theme} onValueChange={(value) => chooseTheme(value as Theme)} aria-label="Theme">
              {THEMES.map((each) => (
                <Menu.RadioItem key={each.theme} value={each.theme} className={styles.item} closeOnClick>
                  <Icon name={each.icon} /> {each.label}
                  <Menu.RadioItemIndicator className={styles.mark}>
                    <Icon name="check" />
                  </Menu.RadioItemIndicator>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className={styles.line} />
            <Menu.Item className={styles.item} onClick={onHelp}>
              <Icon name="help" /> Keyboard
            </Menu.Item>
            <Menu.Item className={styles.item} onClick={() => leave.mutate()}>
              <Icon name="leave" /> Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

function useLeave() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => remove('/api/v1/logins/current'),
    onSettled: () => {
      go({ page: 'sign-in' })
      client.clear()
    },
  })
}
