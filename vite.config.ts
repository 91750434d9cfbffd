/** The console is built to `dist/console`: hashed files, a manifest, nothing inlined, so that the strictest CSP holds. */

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const root = `${import.meta.dirname}/src/console`

export default defineConfig({
  root,
  publicDir: false,
  plugins: [react()],
  css: { modules: { generateScopedName: '[name]_[local]_[hash:base64:4]' } },
  build: {
    outDir: `${import.meta.dirname}/dist/console`,
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: `${root}/index.html`, approve: `${root}/approve.html` } },
  },
})
