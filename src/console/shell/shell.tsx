/** What stands around every page: navigation, the log head, the banner, and the keys that move about. */

import { useState, type ReactNode } from 'react'
import type { Login } from '../api/shape.ts'
import { IconButton } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Mark } from '../part/icon.tsx'
import type { Place } from '../place.ts'
import { Link } from '../router.tsx'
import { Banner } from './banner.tsx'
import { Boundary } from './boundary.tsx'
import { Help } from './help.tsx'
import { useKeys } from './keys.ts'
import { LogHead } from './log-head.tsx'
import { Navigation } from './navigation.tsx'
import { Search } from './search.tsx'
import styles from './shell.module.css'
import { You } from './you.tsx'

type Props = { readonly login: Login; readonly place: Place; readonly children: ReactNode }

export function Shell({ login, place, children }: Props) {
  const [menu, setMenu] = useState(false)
  const [help, setHelp] = useState(false)
  useKeys(() => setHelp(true))
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      <header className={styles.side}>
        <div className={styles.top}>
          <Link to={{ page: 'overview' }} className={styles.brand}>
            <Mark /> Countersign
          </Link>
          <IconButton
            className={styles.toggle}
            icon={menu ? 'cross' : 'menu'}
            name={menu ? 'Close menu' : 'Open menu'}
            aria-expanded={menu}
            aria-controls="menu"
            onClick={() => setMenu(!menu)}
          />
        </div>
        <div id="menu" className={join(styles.menu, menu && styles.open)}>
          <Search />
          <Navigation place={place} onFollow={() => setMenu(false)} />
          <div className={styles.foot}>
            <You login={login} onHelp={() => setHelp(true)} />
            <LogHead />
          </div>
        </div>
      </header>
      <div className={styles.main}>
        <Banner login={login} />
        <main id="content" className={styles.content} tabIndex={-1}>
          <Boundary key={JSON.stringify(place.page)}>{children}</Boundary>
        </main>
      </div>
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  )
}
