/**
 * Nothing is cut or off screen, in every format and size: measured on every
 * screen, in the long language and the short one. The forward button stands
 * whole inside the screen, and a larger size never comes out smaller.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { serve } from '../../mock/server.mjs'
import { fullBoard } from '../../mock/hall.mjs'
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

/** The daemon's own examples too, where they are. @type {[string, import('../../shared/wire.gen').View][]} */
const examples = []
const dir = new URL('../../../kiosk/wire/testdata/', import.meta.url)
if (existsSync(dir)) {
  for (const file of readdirSync(dir).filter((f) => f.endsWith('.json'))) {
    const view = JSON.parse(readFileSync(new URL(file, dir), 'utf8'))
    if (view.name) examples.push([file, { ...view, screen: 1000 + examples.length }])
  }
}

function heights() {
  const of = (/** @type {string} */ selector) => {
    const e = document.querySelector(selector)
    if (!e) throw new Error(`no ${selector}`)
    return parseFloat(getComputedStyle(e).fontSize)
  }
  return { heading: of('main h1'), text: of('main [data-room]') }
}

for (const format of formats) {
  test(`board, ${format.width}×${format.height}`, async () => {
    const page = await browser.newPage({ viewport: format, reducedMotion: 'reduce' })
    server.show(fullBoard, '/ws/board')
    await page.goto(`${server.url}/board`)
    await page.getByTestId('now-1').waitFor()
    await settled(page)
    const found = await page.evaluate(flaws, { least: 0, foot: false })
    const waiting = fullBoard.waiting ?? []
    assert.equal(waiting.length, 8)
    for (const s of waiting) assert.ok(await page.getByTestId(`waiting-${s.code}`).isVisible(), s.code)
    assert.ok(await page.locator('[data-testid="calls"] > li:visible').count() >= 2)
    await page.close()
    assert.equal(found.length, 0, found.join('\n'))
  })

  test(`${format.width}×${format.height}`, async () => {
    const page = await browser.newPage({ viewport: format, reducedMotion: 'reduce' })
    await page.goto(server.url)
    /** @type {string[]} */
    const found = []
    /** Heading and text of each screen at the size below. @type {Map<string, {heading: number, text: number}>} */
    const below = new Map()
    let typed = 0
    for (const lang of ['vi', 'en']) {
      for (const size of sizes) {
        if (lang === 'en' && size !== 'm' && size !== 'xl') continue
        const all = lang === 'vi' && size !== 's' && size !== 'l' ? [...Object.entries(views), ...examples] : Object.entries(views)
        for (const [name, view] of all) {
          server.show({ ...view, comfort: { ...view.comfort, size, lang } })
          await page.waitForFunction(([name, size, lang, screen]) => {
            const root = document.documentElement
            return root.dataset.chosen === size && root.lang === lang && document.querySelector(`[data-testid="screen-${name}"][data-screen="${screen}"]`)
          }, [view.name, size, lang, String(view.screen)])
          await settled(page)
          for (const flaw of await page.evaluate(flaws, { least: 0.64 })) found.push(`${name} ${size} ${lang}: ${flaw}`)
          // Typing a paper's number, with the keyboard open.
          const certificate = page.locator('[data-testid^="field-ecert-"]:visible').first()
          if (view.papers && (await certificate.count())) {
            await certificate.focus()
            await page.locator('.keys').waitFor()
            await settled(page)
            typed++
            assert.ok(await certificate.isVisible())
            for (const flaw of await page.evaluate(flaws, { least: 0.64 })) found.push(`${name} typing ${size} ${lang}: ${flaw}`)
            await page.locator('[data-key="done"]').click()
            await settled(page)
          }
          if (lang !== 'vi') continue
          const now = await page.evaluate(heights)
          const was = below.get(name)
          if (was && (now.heading < was.heading - 0.1 || now.text < was.text - 0.1)) found.push(`${name} ${size}: ${JSON.stringify(now)}, smaller than the size below: ${JSON.stringify(was)}`)
          below.set(name, now)
        }
      }
    }
    await page.close()
    assert.ok(typed >= sizes.length, `typing measured ${typed} times`)
    assert.equal(found.length, 0, found.join('\n'))
  })
}
