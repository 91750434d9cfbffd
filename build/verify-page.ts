/** Builds `dist/verify.html`: one file with everything inside, which works from a disk. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vite'

const ROOT = join(import.meta.dirname, '..')
const PAGE = join(ROOT, 'src/console/verify-page')

type Built = {
  readonly type: string
  readonly code?: string
  readonly source?: string | Uint8Array
  readonly fileName: string
}

/** Resolves with its size in bytes. */
export async function buildVerifyPage(path = join(ROOT, 'dist/verify.html')): Promise<number> {
  const built = (await build({
    configFile: false,
    root: PAGE,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2023',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(PAGE, 'main.ts') },
    },
  })) as unknown as { readonly output: readonly Built[] }
  const code = built.output.find(({ type }) => type === 'chunk')?.code ?? ''
  const css = String(built.output.find(({ fileName }) => fileName.endsWith('.css'))?.source ?? '')
  // A script that spelled its own end would end there.
  const script = code.replaceAll('</script', '<\\/script')
  const page = readFileSync(join(PAGE, 'verify.html'), 'utf8')
    .replace('</head>', () => `<style>${css.trim()}</style></head>`)
    .replace(/<script[^>]*><\/script>/, () => `<script type="module">${script.trim()}</script>`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, page)
  return Buffer.byteLength(page)
}

if (import.meta.main) process.stdout.write(`dist/verify.html: ${await buildVerifyPage()} bytes\n`)
