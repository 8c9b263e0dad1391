/**
 * Nothing is cut or off screen, in every format and size: measured on every
 * screen, in the long language and the short one. The forward button stands
 * whole inside the screen.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serve } from '../../mock/server.mjs'
import { views } from '../../mock/views.mjs'
import { formats, launch, settled, sizes } from '../browser.mjs'
import { flaws } from '../measure.mjs'

/** @type {Awaited<ReturnType<typeof serve>>} */
let server
/** @type {import('playwright-core').Browser} */
let browser
before(async () => {
  server = await serve()
  browser = await launch()
})
after(async () => {
  await browser.close()
  await server.close()
})

for (const format of formats) {
  test(`${format.width}×${format.height}`, async () => {
    const page = await browser.newPage({ viewport: format, reducedMotion: 'reduce' })
    await page.goto(server.url)
    /** @type {string[]} */
    const found = []
    for (const lang of ['vi', 'en']) {
      for (const size of sizes) {
        if (lang === 'en' && size !== 'm' && size !== 'xl') continue
        for (const [name, view] of Object.entries(views)) {
          server.show({ ...view, comfort: { ...view.comfort, size, lang } })
          await page.waitForFunction(([name, size, lang, screen]) => {
            const root = document.documentElement
            return root.dataset.size === size && root.lang === lang && document.querySelector(`[data-testid="screen-${name}"][data-screen="${screen}"]`)
          }, [view.name, size, lang, String(view.screen)])
          await settled(page)
          for (const flaw of await page.evaluate(flaws, { least: 0.64 })) found.push(`${name} ${size} ${lang}: ${flaw}`)
        }
      }
    }
    await page.close()
    assert.equal(found.length, 0, found.join('\n'))
  })
}
