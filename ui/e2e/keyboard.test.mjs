/** No mouse and no finger: Tab, Enter, Space, arrows and letters only. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { layCard } from './house.mjs'
import { goHome, visit } from './person.mjs'
import { residence } from './wishes.mjs'

/** @typedef {import('./person.mjs').Person} Person */

after(goHome)

/** What has the focus, and whether it can be seen to. @param {Person} p */
const focus = (p) =>
  p.page.evaluate(() => {
    const at = document.activeElement
    if (!at || at === document.body) return { id: '', radio: '', box: false, seen: false }
    const ring = (/** @type {Element | null} */ e) => {
      if (!e) return false
      const { outlineStyle, outlineWidth } = getComputedStyle(e)
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 3
    }
    const label = at.closest('label')
    const id = at.getAttribute('data-testid') ?? label?.getAttribute('data-testid') ?? at.closest('[data-key]')?.getAttribute('data-key') ?? ''
    const { type } = at instanceof HTMLInputElement ? at : { type: '' }
    return { id, radio: type === 'radio' ? (label?.getAttribute('data-testid') ?? '') : '', box: type === 'checkbox', seen: ring(at) || ring(label) }
  })

/** Tabs until that control has the focus; wherever it goes, it is seen. @param {Person} p @param {string | RegExp} wanted */
async function tabTo(p, wanted) {
  /** @type {string[]} */
  const way = []
  for (let i = 0; i < 70; i++) {
    const { id, seen } = await focus(p)
    if (id || i) assert.ok(seen || !id, `the focus on ${id} cannot be seen on ${(await p.at()).name}`)
    if (typeof wanted === 'string' ? id === wanted : wanted.test(id)) return id
    way.push(id)
    await p.page.keyboard.press('Tab')
  }
  throw new Error(`Tab never comes to ${wanted} on ${(await p.at()).name}; it went ${way.join(' ')}`)
}

/** Presses a control, on whatever page of its list it stands. @param {Person} p @param {string} id @param {string} [key] */
async function press(p, id, key = 'Enter') {
  const { screen } = await p.at()
  for (let i = 0; i < 12 && !(await p.page.getByTestId(id).isVisible()); i++) {
    await tabTo(p, 'go-more')
    await p.page.keyboard.press('Enter')
  }
  await tabTo(p, id)
  await p.page.keyboard.press(key)
  await p.page.locator(`.page:not([data-screen="${screen}"])`).waitFor()
}

visit('a number', async (p) => {
  await press(p, 'go-quick-ticket')
  await p.on('services')
  await press(p, 'service-cu-tru', 'Space')
  await p.on('ticket')
  await press(p, 'go-end')
  await p.on('attract')
})

visit('a filing, with help, another size and the way back in it', async (p) => {
  const { keyboard } = p.page
  await press(p, 'go-start')
  await p.on('read-card')
  await layCard('an', { qr: false })
  await p.page.getByTestId('field-digits').waitFor()
  assert.equal((await focus(p)).id, 'field-digits')
  await keyboard.type('012345')
  await keyboard.press('Enter')
  await p.on('identity')
  await tabTo(p, 'go-comfort')
  await keyboard.press('Enter')
  await p.page.getByTestId('comfort').waitFor()
  await tabTo(p, 'size-l')
  await keyboard.press('Enter')
  await p.page.locator('html[data-chosen="l"]').waitFor({ state: 'attached' })
  await keyboard.press('Escape')
  await p.page.getByTestId('comfort').waitFor({ state: 'detached' })
  await press(p, 'go-next')
  await p.on('menu')
  await press(p, 'go-help')
  await p.on('help')
  await press(p, 'go-back')
  await p.on('menu')
  await press(p, 'go-file')
  await p.on('services')
  await press(p, 'service-cu-tru')
  await p.on('procedures')
  await press(p, 'procedure-1.010041')
  await p.on('procedure')
  await press(p, 'go-next')
  for (let i = 0; i < 20 && (await p.at()).name !== 'consent'; i++) {
    await p.on('question')
    await answer(p)
  }
  await p.on('consent')
  for (const box of await p.page.locator('[data-testid^="field-consent-"]').all()) {
    await tabTo(p, (await box.getAttribute('data-testid')) ?? '')
    await keyboard.press('Space')
    assert.ok(await box.isChecked())
  }
  await press(p, 'go-next')
  await p.on('review')
  await press(p, 'edit-laChuHo')
  await p.on('question')
  await press(p, 'go-back')
  await p.on('review')
  await press(p, 'go-restart')
  await p.page.getByTestId('ask-restart').waitFor()
  await press(p, 'go-restart-no')
  await press(p, 'go-confirm')
  await p.on('receipt')
  await p.page.getByTestId('receipt-sent').waitFor()
  await press(p, 'go-end')
  await p.on('take-card')
})

/** Answers the question that is there. @param {Person} p */
async function answer(p) {
  const { keyboard } = p.page
  const { screen } = await p.at()
  const q = await p.question()
  const value = /** @type {Record<string, string>} */ (residence.answers)[q.name]
  if (q.kind === 'choice') {
    await tabTo(p, /^option-/)
    for (let i = 0; i < 12 && (await focus(p)).radio !== `option-${value}`; i++) await keyboard.press('ArrowDown')
    assert.equal((await focus(p)).radio, `option-${value}`)
    if ((await p.question()).value !== value) await keyboard.press('Space')
    assert.ok((await focus(p)).seen, `the focus on option-${value} cannot be seen`)
    await press(p, 'go-next')
    return
  }
  await tabTo(p, `field-${q.name}`)
  if (q.kind === 'unit') await keyboard.type('phuong ba dinh')
  await keyboard.press('Enter')
  await p.page.locator(`.page:not([data-screen="${screen}"])`).waitFor()
}
