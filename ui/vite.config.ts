import { defineConfig } from 'vitest/config'
import { svelte } from '@sveltejs/vite-plugin-svelte'

// One HTML file a page, everything else hashed under /assets. Nothing is
// inlined as data: the pages' Content-Security-Policy would refuse a font.
// --mode release leaves the bench out and builds into a folder of its own, so
// that neither build is ever taken for the other.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: '/',
  build: {
    outDir: mode === 'release' ? 'dist-release' : 'dist',
    emptyOutDir: true, // its .keep, which Go's embed needs, comes back from public/
    target: 'chrome110',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: ['index.html', 'counter.html', 'board.html', 'technician.html', 'fleet.html', ...(mode === 'release' ? [] : ['bench.html'])],
    },
  },
  test: { include: ['test/unit/**/*.test.ts'] },
}))
