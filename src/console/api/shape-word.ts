/** Who and what stands in every answer of the HTTP API, as the console reads it. */

export type PrincipalKind = 'person' | 'job' | 'agent' | 'system'
export type Who = {
  readonly id: string
  readonly kind: PrincipalKind
  readonly name: string
  readonly label?: string
  readonly onBehalfOf?: Who
  readonly software?: boolean
}

export type Outcome = 'allowed' | 'refused' | 'waiting' | 'recorded'
export type Row = {
  readonly leafIndex: number
  readonly at: string
  readonly type: string
  readonly outcome: Outcome
  readonly who: Who
  readonly sentence: string
  readonly resource?: { readonly kind: string; readonly id: string; readonly name: string }
  readonly environment?: string
  readonly reason?: string
  readonly policies: readonly string[]
}
