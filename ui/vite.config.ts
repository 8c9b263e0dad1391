import { defineConfig } from 'vitest/config'
import { svelte } from '@sveltejs/vite-plugin-svelte'

// One HTML file a page, everything else hashed under /assets. Nothing is
// inlined as data: the pages' Content-Security-Policy would refuse a font.
export default defineConfig({
  plugins: [svelte()],
  base: '/',
  build: {
    outDir: 'dist',
    emptyOutDir: true, // dist/.keep, which Go's embed needs, comes back from public/
    target: 'chrome110',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: ['index.html', 'counter.html', 'board.html', 'bench.html'],
    },
  },
  test: { include: ['test/unit/**/*.test.ts'] },
})
