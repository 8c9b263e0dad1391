/**
 * Pictures of every screen, to look at: node test/pictures.mjs OUT [name…]
 * SETS=m,xl,portrait,small,dark,en chooses the sets.
 */
import { mkdir } from 'node:fs/promises'
import { serve } from '../mock/server.mjs'
import { views } from '../mock/views.mjs'
import { launch, settled } from './browser.mjs'

const [out = 'test-results/pictures', ...names] = process.argv.slice(2)
/** @type {Record<string, {width: number, height: number, size: string, contrast?: string, lang?: string}>} */
const sets = {
  m: { width: 1920, height: 1080, size: 'm' },
  xl: { width: 1920, height: 1080, size: 'xl' },
  portrait: { width: 1080, height: 1920, size: 'l' },
  small: { width: 1366, height: 768, size: 'xl' },
  dark: { width: 1920, height: 1080, size: 'l', contrast: 'dark' },
  l: { width: 1920, height: 1080, size: 'l' },
  en: { width: 1366, height: 768, size: 'm', lang: 'en' },
}
const wanted = (process.env.SETS ?? Object.keys(sets).join()).split(',')
await mkdir(out, { recursive: true })
const server = await serve()
const browser = await launch()
for (const set of wanted) {
  const { width, height, size, contrast = 'light', lang = 'vi' } = sets[set]
  const page = await browser.newPage({ viewport: { width, height } })
  page.on('console', (m) => m.type() === 'error' && console.log(set, m.text()))
  page.on('pageerror', (e) => console.log(set, e.message))
  await page.goto(server.url)
  for (const [name, view] of Object.entries(views)) {
    if (names.length && !names.includes(name)) continue
    server.show({ ...view, comfort: { ...view.comfort, size, contrast, lang } })
    await page.waitForSelector(`[data-testid="screen-${view.name}"]`)
    await page.waitForTimeout(120)
    await settled(page)
    await page.screenshot({ path: `${out}/${set}-${name}.png` })
  }
  await page.close()
}
await browser.close()
await server.close()
