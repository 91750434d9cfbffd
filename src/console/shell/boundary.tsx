/** A page that fails says so and leaves the rest of the console standing. */

import { Component, type ReactNode } from 'react'
import { Trouble } from '../part/answer.tsx'

type Props = { readonly children: ReactNode }

export class Boundary extends Component<Props, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {}

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    return this.state.error ? <Trouble error={this.state.error} retry={() => location.reload()} /> : this.props.children
  }
}
