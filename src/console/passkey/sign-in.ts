/** Opens a login with any passkey of this site; the token stays in a cookie that no script can read. */

import { get, post } from '../api/client.ts'
import { assert, type Challenge } from './passkey.ts'

export async function signIn(): Promise<void> {
  const asked = await get<Challenge>('/api/v1/logins/challenge')
  await post('/api/v1/logins', { method: 'passkey', assertion: await assert(asked), cookie: true })
}
