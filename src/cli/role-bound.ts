/** Where and when a role counts, in addresses and in words. */

export interface RoleBounds {
  /** Such as `environment:production`; everywhere where it is absent. */
  readonly scope?: string
  /** RFC 3339. */
  readonly from?: string
  readonly until?: string
}

/** " in environment:production from … until …". */
export function formatBounds({ scope, from, until }: RoleBounds): string {
  return `${scope ? ` in ${scope}` : ''}${from ? ` from ${from}` : ''}${until ? ` until ${until}` : ''}`
}

/** `holder` is the address of who holds it. */
export function rolePath(holder: string, { role, scope }: { readonly role: string; readonly scope?: string }): string {
  return [`${holder}/roles`, role, ...(scope ? [scope] : [])]
    .map((part, at) => (at ? encodeURIComponent(part) : part))
    .join('/')
}
