/** The page that an auditor opens from their own disk: a file goes in, a verdict comes out, and no network is in between. */

import './base.css'
import { checkPackage } from '../../domain/package/check.ts'
import { MAX_PACKAGE_BYTES } from '../../domain/package/layout.ts'
import { browserTools, digestOf } from './tools.ts'
import { show } from './view.ts'

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const drop = find('drop')
const input = find<HTMLInputElement>('file')
const progress = find('progress')
const verdict = find('verdict')

function linesIn(id: string): string[] {
  return find<HTMLTextAreaElement>(id)
    .value.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function textsIn(id: string): Promise<string[]> {
  return Promise.all([...(find<HTMLInputElement>(id).files ?? [])].map((file) => file.text()))
}

async function verify(file: File): Promise<void> {
  verdict.replaceChildren()
  if (file.size > MAX_PACKAGE_BYTES) return say(`${file.name} is larger than any package.`)
  say(`Reading ${file.name}…`)
  try {
    const bytes = new Uint8Array(await file.arrayBuffer())
    const authorities = await textsIn('authorities')
    const trust = { logKeys: linesIn('log-keys'), witnessKeys: linesIn('witness-keys'), authorities }
    const onProgress = (done: number, total: number) => say(`Checking leaf ${done} of ${total}…`)
    const { report } = await checkPackage(bytes, trust, browserTools, onProgress)
    verdict.replaceChildren(...show(report, file.name, await digestOf(bytes)))
    say('')
  } catch (error) {
    say(`It cannot be checked: ${error instanceof Error ? error.message : 'unknown'}`)
  }
}

function say(text: string): void {
  progress.textContent = text
}

input.addEventListener('change', () => {
  const [file] = input.files ?? []
  if (file) void verify(file)
})
for (const type of ['dragenter', 'dragover'])
  document.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.add('over')
  })
for (const type of ['dragleave', 'drop']) document.addEventListener(type, () => drop.classList.remove('over'))
document.addEventListener('drop', (event) => {
  event.preventDefault()
  const [file] = event.dataTransfer?.files ?? []
  if (file) void verify(file)
})
