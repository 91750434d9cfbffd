/** The HTTP server on its ledger, without the trail and whatever else works behind the log: `node bare.ts PORT DIRECTORY`. */

import { createServer } from '../../src/http/server.ts'
import type { Port } from '../../src/http/port.ts'
import { openInstance } from './instance.ts'

const [port, directory] = process.argv.slice(2)
const instance = await openInstance(directory!)
const { ledger, evidence, clock, noise, challenges, doorRequests, proofs, lender, access } = instance
const parts = { ledger, evidence, clock, noise, challenges, doorRequests, proofs, lender, access }
const config = { publicUrl: `http://localhost:${port}`, version: 'bench', consoleDirectory: '/nonexistent' }
const report = (sentence: string) => console.error(sentence)
const app = await createServer({ ...parts, report, config } as unknown as Port)
await app.listen({ port: Number(port), host: '127.0.0.1' })
console.log('listening')
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
