/**
 * What must hold of every screen that anybody meets: axe finds nothing, no code
 * stands where words should, nothing is cut in any size and format.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { formats, settled } from '../test/browser.mjs'
import { flaws } from '../test/measure.mjs'

/** @typedef {import('playwright-core').Page} Page */

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * axe on the page as it is. Its source goes in by the debugger, which the page's
 * Content-Security-Policy does not rule; the policy stays as it is.
 * @param {Page} page @param {string} what
 */
export async function accessible(page, what) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    // @ts-expect-error axe came in above
    const { violations } = await axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return violations.map((/** @type {{id: string, help: string, nodes: {html: string, failureSummary: string}[]}} */ v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | ')}`)
  })
  assert.deepEqual(found, [], `axe on ${what}`)
}

/** Every text the page shows or says, with where it stands. @param {Page} page @returns {Promise<{text: string, where: string}[]>} */
export function texts(page) {
  return page.evaluate(() => {
    const out = []
    const shown = (/** @type {Element} */ e) => e.checkVisibility({ visibilityProperty: true })
    const where = (/** @type {Element} */ e) => {
      let path = ''
      for (let /** @type {Element | null} */ p = e; p && p !== document.body; p = p.parentElement) path = `${p.tagName.toLowerCase()}${[...p.classList].map((c) => '.' + c).join('')}${p.hasAttribute('lang') ? `[lang=${p.getAttribute('lang')}]` : ''}${p.hasAttribute('data-testid') ? `#${p.getAttribute('data-testid')}` : ''} ${path}`
      return path.trim()
    }
    for (const e of document.body.querySelectorAll('*')) {
      if (!shown(e)) continue
      for (const n of e.childNodes) if (n.nodeType === Node.TEXT_NODE && n.textContent?.trim()) out.push({ text: n.textContent.replace(/\s+/g, ' ').trim(), where: where(e) })
      for (const a of ['aria-label', 'placeholder', 'alt', 'title']) if (e.getAttribute(a)) out.push({ text: e.getAttribute(a) ?? '', where: `${where(e)}@${a}` })
      if (e instanceof HTMLInputElement && e.type === 'text' && e.value) out.push({ text: e.value, where: `${where(e)}@value` })
    }
    return out
  })
}

/** A code that nobody translated: "wrong-digits", "read.lay", "{name}". */
const raw = /^[a-z]+([-.][a-z0-9]+)+$|\{\w+\}|\[\{|undefined|\[object|NaN/

/** @param {{text: string, where: string}[]} all @param {string} what */
export function worded(all, what) {
  assert.deepEqual(all.filter(({ text, where }) => raw.test(text) && !/@value$/.test(where)), [], `codes instead of words on ${what}`)
}

const vietnamese = /[à-ỹăâđêôơư]/i
/** Where an English screen shows Vietnamese: people's and places' names, official titles, what was typed, the way back to Vietnamese. */
const staysVietnamese = [/#lang-vi/, /\.official/, /dd[^ ]*#fact-/, /@value$/, /#option-\d+$/, /\.keys/, /#procedure-\S+ span[^ ]* small/]
/** Names of the site and of those who come in these tests. */
const names = /Tiếp Dân|UBND phường Ba Đình|Công an Ba Đình|Điểm hỗ trợ dịch vụ công số 2|\b(Khải|Sơn|Chi|Bình)(?!\p{L})/gu

/** @param {{text: string, where: string}[]} all @param {string} what */
export function english(all, what) {
  const left = all.filter(({ text, where }) => vietnamese.test(text.replace(names, '')) && !staysVietnamese.some((known) => known.test(where)))
  assert.deepEqual(left, [], `Vietnamese on the English ${what}`)
}

/** Runs in the page: its comfort sheet, the size, and away with the sheet. @param {string} size */
async function choose(size) {
  for (const id of ['go-comfort', `size-${size}`, 'go-close']) {
    const button = document.querySelector(`[data-testid="${id}"]`)
    if (!(button instanceof HTMLElement)) throw new Error(`there is no ${id}`)
    button.click()
    await new Promise((drawn) => requestAnimationFrame(drawn))
  }
}

/**
 * Every format in every size, on the screen as it is; the size is chosen as
 * people do, by the buttons. Comes back to where it was.
 * @param {Page} page @param {string} what
 * @param {(name: string, flawed: boolean) => Promise<void>} picture of what was measured
 */
export async function fits(page, what, picture) {
  /** @type {string[]} */
  const found = []
  const others = formats.slice(1)
  for (const format of [...others, formats[0]]) {
    await page.setViewportSize(format)
    for (const size of ['s', 'l', 'xl', 'm']) {
      await page.evaluate(choose, size)
      await page.locator(`html[data-chosen="${size}"]`).waitFor({ state: 'attached' })
      await settled(page)
      const here = await page.evaluate(flaws, { least: 0.7 })
      found.push(...here.map((flaw) => `${what} at ${format.width}×${format.height} ${size}: ${flaw}`))
      await picture(`${format.width}x${format.height}-${size}`, here.length > 0)
    }
  }
  return found
}
