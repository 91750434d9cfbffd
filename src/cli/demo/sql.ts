/**
 * A program: what a job's migration needs of psql, for machines without it. It finds the database where psql would, by
 * PGSERVICEFILE, PGSERVICE and PGPASSFILE.
 *
 *     node sql.ts -f FILE | -c STATEMENTS
 */

import { readFileSync } from 'node:fs'
import { query, type QueryResult } from '../../credential/postgres-query.ts'

export interface Place {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
}

/** The service's section, with the password of the line that fits it. Throws for files that name no such place. */
export function readPlace(serviceText: string, passwordText: string, service: string): Place {
  const section = serviceText.split(/^\[/mu).find((part) => part.startsWith(`${service}]`)) ?? ''
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'mu').exec(section)?.[1] ?? ''
  const [host, port, database, user] = [setting('host'), setting('port'), setting('dbname'), setting('user')]
  const wanted = [host, port, database, user]
  const line = passwordText
    .split('\n')
    .map(splitFields)
    .find((fields) => wanted.every((text, at) => fields[at] === text))
  if (host === '' || !line) throw new Error(`there is no service ${service} with a password`)
  return { host, port: Number(port), database, user, password: line[4] ?? '' }
}

/** Fields between colons; "\" escapes a colon or itself. */
function splitFields(line: string): string[] {
  return [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/gu)].map(([, field = '']) => field.replace(/\\(.)/gu, '$1'))
}

function print({ command, rows }: QueryResult): void {
  for (const row of rows) process.stdout.write(`${Object.values(row).map(String).join(' | ')}\n`)
  if (rows.length === 0) process.stdout.write(`${command}\n`)
}

const [flag, value] = process.argv.slice(2)
if (import.meta.main && (flag === '-f' || flag === '-c') && value) {
  const { PGSERVICEFILE = '', PGPASSFILE = '', PGSERVICE = '' } = process.env
  try {
    const place = readPlace(readFileSync(PGSERVICEFILE, 'utf8'), readFileSync(PGPASSFILE, 'utf8'), PGSERVICE)
    for (const result of await query(place, flag === '-f' ? readFileSync(value, 'utf8') : value)) print(result)
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n`)
    process.exitCode = 2
  }
}
