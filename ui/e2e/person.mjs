/**
 * Somebody at the kiosk: sees a screen, presses its buttons, answers its
 * questions through the controls that are there, and knows nothing else.
 * Whatever screen is met is looked at once.
 */
import assert from 'node:assert/strict'
import { appendFile, mkdir } from 'node:fs/promises'
import { test } from 'node:test'
import { launch, settled } from '../test/browser.mjs'
import { kiosk, layCard, out, pullCard, setLink } from './house.mjs'
import { accessible, english, fits, texts, worded } from './looks.mjs'

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('node:test').TestContext} TestContext */

const patience = 8000
/** @type {Record<string, string>} */
const lastDigits = { an: '012345', binh: '006789', chi: '024680', tampered: '027182', stranger: '016180' }

/**
 * Runs in the page from its start: how long each press took until the next
 * screen was painted.
 */
function stopwatch() {
  /** @type {number[]} */
  const took = []
  /** @type {number | undefined} */
  let pressed
  Object.assign(window, { took })
  addEventListener('click', (e) => { if (e.isTrusted && e.target instanceof Element && e.target.closest('button')) pressed = e.timeStamp }, true)
  new MutationObserver(() => {
    if (pressed === undefined) return
    const from = pressed
    pressed = undefined
    requestAnimationFrame(() => {
      const painted = new MessageChannel()
      painted.port1.onmessage = () => took.push(performance.now() - from)
      painted.port2.postMessage(0)
    })
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-screen'] })
}

/** @type {import('playwright-core').Browser | undefined} */
let browser
/** The browser of a test file; end it with {@link goHome}. */
export async function chromium() {
  return (browser ??= await launch())
}
export async function goHome() {
  await browser?.close()
  browser = undefined
}

/**
 * A test of somebody who comes to a kiosk at rest: no card, everything mended,
 * nobody's visit. The page complains of nothing, and asks nobody but the kiosk.
 * @param {string} name @param {(p: Person, t: TestContext) => Promise<void>} tell
 */
export function visit(name, tell) {
  test(name, async (t) => {
    await pullCard()
    await setLink('up')
    const context = await (await chromium()).newContext({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    /** @type {string[]} */
    const trouble = []
    page.on('pageerror', (err) => trouble.push(err.message))
    page.on('console', (m) => m.type() === 'error' && trouble.push(m.text()))
    page.on('request', (r) => /^(data|blob):/.test(r.url()) || new URL(r.url()).origin === kiosk || trouble.push(`asked ${r.url()}`))
    await page.addInitScript(stopwatch)
    const p = new Person(page, name)
    try {
      await page.goto(kiosk)
      await p.leaveTo('attract')
      await tell(p, t)
    } catch (err) {
      await p.picture('failed')
      throw err
    } finally {
      await p.figures()
      await context.close()
    }
    assert.deepEqual(trouble, [], 'the page complains')
  })
}

export class Person {
  /** @type {Page} */
  page
  /** Names of all screens met. @type {Set<string>} */
  met = new Set()
  /** What else is to be done on every screen met. @type {((p: Person, screen: string) => Promise<void>) | undefined} */
  onScreen
  lang = 'vi'
  #looked = ''
  #pictures

  /** @param {Page} page @param {string} test */
  constructor(page, test) {
    this.page = page
    this.#pictures = test.replace(/[^a-z0-9]+/gi, '-').toLowerCase()
  }

  /** Ends whatever visit is on the screen. @param {string} name */
  async leaveTo(name) {
    for (let i = 0; i < 8; i++) {
      const at = await this.at()
      if (at.name === name) return
      const way = this.page.locator(['go-restart-yes', 'go-end', 'go-not-me', 'go-restart', 'go-back'].map((id) => `[data-testid="${id}"]:visible:enabled`).join()).first()
      await way.click({ timeout: 2000 }).catch(() => {}) // the screen may have gone by itself meanwhile
      await this.page.locator(`[data-testid="screen-${name}"], [data-testid^="ask-"], .page:not([data-screen="${at.screen}"])`).first().waitFor({ timeout: 2000 }).catch(() => {})
    }
    await this.page.getByTestId(`screen-${name}`).waitFor()
  }

  /** Which screen stands there. */
  async at() {
    const el = this.page.locator('.page[data-screen]')
    await el.waitFor()
    const [id, screen] = await el.evaluate((e) => [e.getAttribute('data-testid') ?? '', e.getAttribute('data-screen') ?? ''])
    return { name: id.replace('screen-', ''), screen }
  }

  /** Waits for a screen, and looks at it. @param {string} name */
  async on(name) {
    this.lang = await this.page.locator('html').getAttribute('lang') ?? ''
    await this.page.getByTestId(`screen-${name}`).waitFor().catch(async (err) => {
      throw new Error(`waited for screen-${name}, there is ${(await this.at()).name}: ${(await this.said()).slice(0, 300)}`, { cause: err })
    })
    await this.look()
    return this
  }

  /** Looks at the screen that is there, once each time it comes. */
  async look() {
    const at = await this.at()
    const question = at.name === 'question' ? (await this.question())?.name : ''
    const seen = `${at.name}/${at.screen}/${question}`
    if (seen === this.#looked) return
    this.#looked = seen
    this.met.add(at.name)
    const what = question ? `question ${question}` : at.name
    worded(await texts(this.page), what)
    if (this.lang === 'en') english(await texts(this.page), what)
    await accessible(this.page, what)
    await this.onScreen?.(this, what)
  }

  /** A control of the screen, by its testid, wherever its list is paged. @param {string} id */
  async find(id) {
    const it = this.page.getByTestId(id)
    for (let i = 0; i < 12; i++) {
      if (await it.isVisible()) return it
      const more = this.page.locator('[data-testid="go-more"]:visible')
      if (!(await more.count())) break
      await more.click()
    }
    await it.waitFor()
    return it
  }

  /** Presses; what comes of it is for the caller to wait for. @param {string} id */
  async press(id) {
    await (await this.find(id)).click()
  }

  /** Presses, and waits until other things may be pressed. @param {string} id */
  async go(id) {
    const { screen } = await this.at()
    await this.press(id)
    await this.page.locator(`.page:not([data-screen="${screen}"])`).waitFor().catch(async (err) => {
      throw new Error(`pressed ${id} on ${(await this.at()).name} and nothing came of it: ${(await this.said()).slice(0, 400)}`, { cause: err })
    })
  }

  /** @param {'vi' | 'en'} lang */
  async speak(lang) {
    await this.press(`lang-${lang}`)
    await this.page.locator(`html[lang="${lang}"]`).waitFor({ state: 'attached' })
    this.lang = lang
  }

  /** What the screen says, all of it. */
  said() {
    return this.page.locator('body').innerText()
  }

  /** Every page of the screen's list, one text. */
  async saidInAll() {
    let all = await this.said()
    const more = this.page.locator('[data-testid="go-more"]:visible')
    for (let i = 0; (await more.count()) && i < 12; i++) {
      await more.click()
      await settled(this.page)
      const now = await this.said()
      if (all.startsWith(now)) break // round to the first
      all += '\n' + now
    }
    return all
  }

  /** Lays the card and waits until it is read. @param {string} persona */
  async showCard(persona) {
    await layCard(persona)
    // A code that was under the scanner a moment ago counts once: then the digits are asked for, and typed.
    const digits = this.page.getByTestId('field-digits')
    await this.page.getByTestId('screen-identity').or(digits).waitFor()
    if (await digits.isVisible()) {
      await digits.fill(lastDigits[persona])
      await this.go('go-next')
    }
    await this.on('identity')
  }

  /** The question on the screen: its field's name and what kind of control it has. */
  async question() {
    const field = this.page.locator('main [data-testid^="field-"]:not([data-testid="field-error"])').first()
    await field.waitFor()
    return field.evaluate((e) => ({
      name: (e.getAttribute('data-testid') ?? '').replace('field-', ''),
      kind: e.getAttribute('role') === 'radiogroup' ? 'choice' : e.closest('.finder') ? 'unit' : 'text',
      value: e instanceof HTMLInputElement ? e.value : (e.querySelector('input:checked')?.getAttribute('value') ?? ''),
      required: e.getAttribute('aria-required') === 'true',
    }))
  }

  /**
   * Answers the question on the screen; an answer that begins with "keys:" is
   * typed on the screen's own keyboard. Without one, what stands there stays.
   * @param {Record<string, string>} answers
   */
  async answer(answers) {
    const q = await this.question()
    const value = answers[q.name]
    if (value !== undefined) {
      const field = this.page.getByTestId(`field-${q.name}`)
      if (q.kind !== 'text') await this.press(`option-${value}`)
      else if (value.startsWith('keys:')) for (const key of value.slice(5)) await this.page.locator(`[data-key="${key === ' ' ? 'space' : key}"]`).click()
      else await field.fill(value)
    } else if (!q.value && q.kind === 'choice') {
      await this.page.locator('[data-testid^="option-"]:visible').first().click()
    } else assert.ok(q.value || !q.required, `no answer for ${q.name}`)
    await this.go('go-next')
    return q.name
  }

  /**
   * From the menu to the screen that is wanted, by what the screens offer.
   * @param {{service: string, procedure: string, procedureCase?: string, answers: Record<string, string>, papers?: Record<string, string>}} wish
   * @param {string} wanted
   */
  async walk(wish, wanted) {
    for (let i = 0; i < 80; i++) {
      await this.look()
      const { name } = await this.at()
      const there = name === 'question' ? `question ${(await this.question()).name}` : name
      if (there === wanted || name === wanted) return
      switch (name) {
        case 'identity': await this.go('go-next'); break
        case 'menu': await this.go('go-file'); break
        case 'services': await this.go(`service-${wish.service}`); break
        case 'procedures': await this.go(`procedure-${wish.procedure}`); break
        case 'procedure': await this.go('go-next'); break
        case 'case': await this.go(`case-${wish.procedureCase}`); break
        case 'question': await this.answer(wish.answers); break
        case 'papers': await this.papers(wish.papers ?? {}); break
        case 'consent': await this.agree(); break
        case 'review': await this.go('go-confirm'); break
        default: assert.fail(`stuck on ${there}: ${await this.said()}`)
      }
    }
    assert.fail(`80 screens and no ${wanted}`)
  }

  /** For each paper "counter", or the number of an electronic one. @param {Record<string, string>} papers */
  async papers(papers) {
    for (const [code, how] of Object.entries(papers)) {
      if (how === 'counter') {
        await this.press(`paper-${code}-counter`)
        continue
      }
      await this.press(`paper-${code}-ecert`)
      await this.page.getByTestId(`field-ecert-${code}`).fill(how)
    }
    await this.go('go-next')
  }

  async agree() {
    for (const label of await this.page.locator('label:has([data-testid^="field-consent-"])').all()) {
      if (!(await label.isVisible())) await this.press('go-more')
      await label.click()
    }
    await this.go('go-next')
  }

  /** @returns {Promise<string>} @param {string} name */
  async fact(name) {
    return (await (await this.find(`fact-${name}`)).innerText()).trim()
  }

  /** Measures the screen in every format and size; what is wrong is kept as a picture. @param {string[]} found @param {string} what */
  async measure(found, what) {
    const wanted = new RegExp(process.env.E2E_PICTURES || '$^') // such as 1920x1080-xl
    found.push(...(await fits(this.page, what, async (name, flawed) => {
      if (flawed || wanted.test(name)) await this.picture(`${what}-${name}`)
    })))
  }

  /** @param {string} name */
  async picture(name) {
    if (!out) return
    await mkdir(`${out}/${this.#pictures}`, { recursive: true })
    await this.page.screenshot({ path: `${out}/${this.#pictures}/${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.png` })
  }

  /** Keeps what the stopwatch took. */
  async figures() {
    /** @type {number[]} */
    // @ts-expect-error the stopwatch put it there
    const took = await this.page.evaluate(() => window.took ?? []).catch(() => [])
    if (out && took.length) await appendFile(`${out}/presses`, took.map((ms) => ms.toFixed(1)).join('\n') + '\n')
  }
}
