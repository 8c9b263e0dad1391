/** axe finds nothing on any screen, in any of the four contrasts, nor on the staff's pages. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { serve } from '../../mock/server.mjs'
import { views } from '../../mock/views.mjs'
import { boardView, counterView, simulate } from '../../mock/hall.mjs'
import { contrasts, launch, settled } from '../browser.mjs'

/** @type {Awaited<ReturnType<typeof serve>>} */
let server
/** @type {import('playwright-core').Browser} */
let browser
const axe = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
before(async () => {
  server = await serve()
  browser = await launch()
})
after(async () => {
  await browser.close()
  await server.close()
})

/** A page with axe in it, where the policy of the page does not reach. @param {string} path @param {object} [more] */
async function open(path, more = {}) {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce', ...more })
  await page.goto(server.url + path)
  await page.evaluate(axe)
  return page
}

/** @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
const violations = (page) =>
  page.evaluate(async () => {
    // @ts-expect-error axe is in the page
    const found = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'wcag2aaa'], rules: { 'target-size': { enabled: true }, 'color-contrast-enhanced': { enabled: true } }, resultTypes: ['violations'] })
    return found.violations.flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.html.slice(0, 120)}`))
  })

for (const contrast of contrasts) {
  test(`resident, ${contrast}`, async () => {
    const page = await open('/')
    /** @type {string[]} */
    const found = []
    for (const [name, view] of Object.entries(views)) {
      server.show({ ...view, comfort: { ...view.comfort, contrast } })
      await page.waitForSelector(`[data-screen="${view.screen}"][data-testid="screen-${view.name}"]`)
      await page.waitForFunction((c) => document.documentElement.dataset.contrast === c, contrast)
      await settled(page)
      for (const v of await violations(page)) found.push(`${name}: ${v}`)
    }
    await page.getByTestId('go-comfort').click()
    for (const v of await violations(page)) found.push(`comfort: ${v}`)
    await page.close()
    assert.equal(found.length, 0, found.join('\n'))
  })
}

test('staff pages', async () => {
  simulate(server)
  /** @type {string[]} */
  const found = []
  for (const [path, ready] of [['/counter', 'field-officer'], ['/bench', 'bench-lay-an']]) {
    const page = await open(path)
    await page.getByTestId(ready).waitFor()
    for (const v of await violations(page)) found.push(`${path}: ${v}`)
    await page.close()
  }
  server.show(counterView, '/ws/counter')
  server.show(boardView, '/ws/board')
  for (const [path, ready] of [['/counter', 'serving'], ['/board', 'calls']]) {
    const page = await open(path)
    await page.getByTestId(ready).waitFor()
    for (const v of await violations(page)) found.push(`${path}: ${v}`)
    await page.close()
  }
  assert.equal(found.length, 0, found.join('\n'))
})
