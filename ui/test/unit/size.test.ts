/** The resident's page stays within 90 kB gzipped, without fonts; nothing of it comes from elsewhere. Needs a build. */
import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const dist = new URL('../../dist/', import.meta.url)
const built = existsSync(new URL('index.html', dist))

test.skipIf(!built)('resident page: JS and CSS gzipped', () => {
  const html = readFileSync(new URL('index.html', dist), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map((m) => m[1])
  expect(files.length).toBeGreaterThanOrEqual(2)
  const bytes = files.reduce((sum, f) => sum + gzipSync(readFileSync(new URL(`.${f}`, dist))).length, 0)
  console.info(`resident page: ${(bytes / 1000).toFixed(1)} kB gzipped in ${files.length} files`)
  expect(bytes).toBeLessThanOrEqual(90_000)
})

test.skipIf(!built).each(['index', 'counter', 'board', 'fleet', 'bench'])('%s.html loads only from /assets and has nothing inline', (page) => {
  const html = readFileSync(new URL(`${page}.html`, dist), 'utf8')
  for (const [, url] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect(url.startsWith('/assets/') || url === 'data:,', url).toBe(true)
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
})
