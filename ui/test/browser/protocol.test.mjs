/** What the page says to the daemon, what it keeps, and what it never overwrites. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { serve } from '../../mock/server.mjs'
import { views } from '../../mock/views.mjs'
import { boardView, counterView, simulate } from '../../mock/hall.mjs'
import { launch, settled } from '../browser.mjs'

/** @type {Awaited<ReturnType<typeof serve>>} */
let server
/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('playwright-core').Page} */
let page
before(async () => {
  browser = await launch()
})
after(() => browser.close())
beforeEach(async () => {
  server = await serve()
  page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' })
})
afterEach(async () => {
  await page.close()
  await server.close()
})

/** Commands but signs of life. */
const heard = () => server.heard.map((h) => h.command).filter((c) => c.action !== 'touch')
/** Waits for the next command that satisfies. @param {(c: any) => boolean} ok */
async function told(ok) {
  for (let i = 0; i < 200; i++) {
    const c = heard().find(ok)
    if (c) return c
    await page.waitForTimeout(10)
  }
  assert.fail(`not heard; what was: ${JSON.stringify(heard())}`)
}
const id = (/** @type {string} */ name) => page.getByTestId(name)
/** @param {Partial<import('../../shared/wire.gen').View>} view */
async function show(view) {
  server.show(view)
  await page.waitForSelector(`[data-screen="${view.screen}"]`)
  await settled(page)
}

test('hello comes first, with the token that was kept; an empty one forgets it', async () => {
  server.show({ ...views.menu, visit: 'token-1' })
  await page.goto(server.url)
  await id('screen-menu').waitFor()
  assert.deepEqual(heard()[0], { action: 'hello', visit: '', screen: 0 })
  await page.reload()
  await id('screen-menu').waitFor()
  assert.deepEqual(heard()[1], { action: 'hello', visit: 'token-1', screen: 0 })
  await show(views.attract)
  assert.equal(await page.evaluate(() => sessionStorage.getItem('visit')), null)
})

test('a press names the screen it saw', async () => {
  server.show({ ...views.menu, screen: 41 })
  await page.goto(server.url)
  await id('go-ticket').click()
  assert.deepEqual(await told((c) => c.action === 'ticket'), { action: 'ticket', screen: 41 })
})

test('every list and comfort button says what it is', async () => {
  server.show(views['services-ticket'])
  await page.goto(server.url)
  await id('service-ho-tich').click()
  assert.equal((await told((c) => c.action === 'service')).value, 'ho-tich')
  await id('lang-en').click()
  assert.equal((await told((c) => c.action === 'language')).value, 'en')
  await id('go-comfort').click()
  await id('size-xl').click()
  assert.equal((await told((c) => c.action === 'size')).value, 'xl')
  await id('contrast-yellow').click()
  assert.equal((await told((c) => c.action === 'contrast')).value, 'yellow')
  await id('go-reach').click()
  assert.equal((await told((c) => c.action === 'reach')).value, 'true')
  await id('go-close').click()
  await show(views.review)
  await id('go-more').click() // the child's part is on the next page
  await id('edit-nksHoTen').click()
  assert.equal((await told((c) => c.action === 'edit')).value, 'nksHoTen')
  await show(views.case)
  await id('case-1.001193.02').click()
  assert.equal((await told((c) => c.action === 'case')).value, '1.001193.02')
})

test('typed text survives news, a language change and a refused answer', async () => {
  const q = views['question-name']
  server.show({ ...q, question: { .../** @type {any} */ (q.question), value: '' } })
  await page.goto(server.url)
  const field = id('field-nksHoTen')
  await field.fill('Nguyễn Minh Khôi')
  const same = { ...q, question: { .../** @type {any} */ (q.question), value: '' } }
  await show({ ...same, notice: { code: 'card-returned', kind: 'calm' } })
  await show({ ...same, comfort: { ...q.comfort, lang: 'en' } })
  await show({ ...same, question: { ...same.question, error: { code: 'answer-name-digits', kind: 'warn' } } })
  assert.equal(await field.inputValue(), 'Nguyễn Minh Khôi')
  await field.press('Enter')
  assert.deepEqual(await told((c) => c.action === 'next'), { action: 'next', screen: q.screen, value: 'Nguyễn Minh Khôi' })
  // The next question starts with its own value.
  await show({ ...q, screen: 900, question: { ...same.question, name: 'meHoTen', value: 'Trần Thị Bình' } })
  assert.equal(await id('field-meHoTen').inputValue(), 'Trần Thị Bình')
})

test('answers of every kind go with next', async () => {
  server.show(views['question-choice'])
  await page.goto(server.url)
  await id('option-nu').click()
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.value === 'nu')
  await show(views['question-yesno'])
  await id('option-no').check()
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.value === 'no')
  await show(views['question-date'])
  await id('field-nksNgaySinh').fill('')
  await id('field-nksNgaySinh').pressSequentially('01122025')
  assert.equal(await id('field-nksNgaySinh').inputValue(), '01/12/2025')
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.value === '01/12/2025')
  await show(views['question-unit'])
  await id('field-nycDonVi').fill('giang vo')
  await id('option-10010').click()
  assert.equal(await id('field-nycDonVi').inputValue(), 'Phường Giảng Võ')
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.value === '10010')
  await show(views.consent)
  await id('field-consent-process').check()
  await id('go-next').click()
  assert.deepEqual((await told((c) => c.action === 'next' && c.values?.process)).values, { process: 'true', contact: 'true' })
  await show(views.papers)
  await id('paper-000.00.00.G15-KQ000003-counter').click()
  assert.deepEqual((await told((c) => c.action === 'paper')).values, { code: '000.00.00.G15-KQ000003', how: 'counter', number: '' })
  await id('field-ecert-000.00.00.G15-KQ000001').fill('2026-09999')
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.values?.['ecert-000.00.00.G15-KQ000001'] === '2026-09999')
  await show(views['read-card-digits'])
  await id('field-digits').fill('012345')
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.value === '012345')
  await show(views.lookup)
  await id('field-number').fill('K7QD-3M9X-V2TA')
  await id('go-next').click()
  await told((c) => c.action === 'next' && c.value === 'K7QD-3M9X-V2TA')
  await show(views['procedures-search'])
  await id('field-search').fill('khai tu')
  await told((c) => c.action === 'search' && c.value === 'khai tu')
})

test('a scanner that types is a scanner', async () => {
  const qr = '001090012367|012345678|Nguyen Thi Ngoc|01021990|Nu|Ha Noi|01012021'
  server.show(views.attract)
  await page.goto(server.url)
  await show(views.lookup)
  await id('field-number').fill('K7QD')
  await id('field-number').focus()
  await page.keyboard.type(qr.slice(0, 3))
  await new Promise((later) => setTimeout(later, 100)) // the machine had something else to do
  await page.keyboard.type(qr.slice(3) + '\n')
  assert.equal((await told((c) => c.action === 'scan')).value, qr)
  assert.equal(await id('field-number').inputValue(), 'K7QD') // and not what was scanned
  await page.keyboard.type(qr + '\n') // held there
  assert.equal(heard().filter((c) => c.action === 'scan').length, 1)
  assert.equal(heard().filter((c) => c.action === 'next').length, 0)
  // With the focus on a button, neither its blanks nor its end press it.
  await show(views.menu)
  await id('go-file').focus()
  await page.keyboard.type('A012 UBND phuong Ba Dinh 09:41\n')
  await told((c) => c.action === 'scan' && c.value === 'A012 UBND phuong Ba Dinh 09:41')
  assert.equal(heard().filter((c) => c.action === 'file').length, 0)
  // Hands are slower, and short.
  await show(views.lookup)
  await id('field-number').fill('')
  await id('field-number').pressSequentially('K7QD3M9XV2TA', { delay: 40 })
  await page.keyboard.press('Enter')
  await told((c) => c.action === 'next' && c.value === 'K7QD3M9XV2TA')
})

test('signs of life, at most one a second', async () => {
  server.show(views['question-name'])
  await page.goto(server.url)
  await id('field-nksHoTen').fill('')
  await id('field-nksHoTen').pressSequentially('Nguyen Van', { delay: 40 })
  const touches = server.heard.filter((h) => h.command.action === 'touch').length
  assert.ok(touches >= 1 && touches <= 2, `${touches} in half a second`)
})

test('a lost daemon is said, with when it last spoke, and nothing can be pressed; then it goes on', async () => {
  server.show(views.menu)
  await page.goto(server.url)
  await id('go-ticket').waitFor()
  server.cut()
  const bar = id('connection-lost')
  await bar.waitFor()
  assert.match(await bar.innerText(), /^Mất kết nối với máy, đang nối lại… \(lần cuối \d\d:\d\d\)$/)
  assert.equal(await page.locator('main[inert]').count(), 1)
  server.mend()
  await bar.waitFor({ state: 'detached', timeout: 10_000 })
  assert.equal(heard().filter((c) => c.action === 'hello').length, 2)
  await id('go-ticket').click()
  await told((c) => c.action === 'ticket')
})

test('focus starts at the heading or the field, and goes content, forward, back, start over, help, language, comfort', async () => {
  server.show(views['question-choice'])
  await page.goto(server.url)
  await id('screen-question').waitFor()
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
  const seen = []
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab')
    seen.push(await page.evaluate(() => document.activeElement?.closest('[data-testid]')?.getAttribute('data-testid')))
  }
  assert.deepEqual(seen, ['option-nam', 'go-next', 'go-back', 'go-restart', 'go-help', 'lang-en', 'go-comfort'])
  await show(views['question-name'])
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-testid') === 'field-nksHoTen')
})

test('a visit by Tab, arrows and Enter alone', async () => {
  server.show(views.menu)
  await page.goto(server.url)
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await told((c) => c.action === 'file')
  await show(views['question-choice'])
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await told((c) => c.action === 'next' && c.value === 'nu')
  await show(views.consent)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Tab')
  await id('go-next').focus()
  await page.keyboard.press('Enter')
  await told((c) => c.action === 'next' && c.values?.process === 'true')
  // The keyboard on the screen is one stop; arrows go round in it.
  await show({ ...views['question-name'], question: { .../** @type {any} */ (views['question-name'].question), name: 'x', value: '' } })
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-key')), 'a', 'the keyboard is the next stop')
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  assert.equal(await id('field-x').inputValue(), 'Á') // a and s: Telex
})

test('the keyboard on the screen: accent keys, Telex, capitals, caret, selection', async () => {
  const q = /** @type {any} */ (views['question-name'].question)
  server.show({ ...views['question-name'], question: { ...q, value: '' } })
  await page.goto(server.url)
  const field = id('field-nksHoTen')
  await field.waitFor()
  const key = (/** @type {string} */ k) => page.locator(`[data-key="${k}"]`).click()
  for (const k of ['n', 'g', 'u', 'y', 'ê', 'n', 'nga', 'space', 'd', 'd', 'u', 'w', 'c', 's']) await key(k)
  assert.equal(await field.inputValue(), 'Nguyễn Đức')
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'field-nksHoTen', 'touching keys takes no focus')
  await field.evaluate((/** @type {HTMLInputElement} */ f) => f.setSelectionRange(6, 6))
  await key('space')
  await key('a')
  await key('n')
  assert.equal(await field.inputValue(), 'Nguyễn An Đức')
  await field.evaluate((/** @type {HTMLInputElement} */ f) => f.setSelectionRange(7, 9))
  await key('backspace')
  assert.equal(await field.inputValue(), 'Nguyễn  Đức')
  // A real keyboard types as it is.
  await field.fill('')
  await field.pressSequentially('Hass')
  assert.equal(await field.inputValue(), 'Hass')
})

test('ask and idle lie over the screen and hold the focus', async () => {
  server.show(views['question-name'])
  await page.goto(server.url)
  await show(views['ask-restart'])
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-testid') === 'go-restart-no')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  assert.ok(['go-restart-no', 'go-restart-yes'].includes((await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))) ?? ''))
  await id('go-restart-yes').click()
  await told((c) => c.action === 'restart-yes')
  await show(views.idle)
  await page.waitForTimeout(1000)
  server.heard.length = 0
  await id('go-stay').click()
  await page.waitForTimeout(50)
  assert.ok(server.heard.some((h) => h.command.action === 'touch'))
})

test('no more is said than is known', async () => {
  await page.goto(server.url)
  const body = async (/** @type {string} */ name) => {
    await show(views[name])
    return (await page.locator('main').innerText()).replace(/\s+/g, ' ')
  }
  const unknown = await body('procedure-unknown')
  assert.match(unknown, /Hỏi cán bộ để biết cần giấy tờ gì/)
  assert.doesNotMatch(unknown, /Không cần giấy tờ|Mời xem cần mang|chép số|sẵn sàng\..*sẵn sàng\./)
  const refused = await body('receipt-refused')
  assert.match(refused, /Hồ sơ thiếu giấy chứng sinh.*Mời đến quầy gặp cán bộ, hoặc gọi 024 3845 0000/)
  assert.doesNotMatch(refused, /sẽ có khi|Cán bộ xem hồ sơ từ|chưa có mã/)
  assert.match(await body('receipt-sent'), /Cán bộ xem hồ sơ từ/)
  const lookedUp = await body('lookup-refused')
  assert.match(lookedUp, /Không được tiếp nhận/)
  assert.doesNotMatch(lookedUp, /Số phiếu|Chưa có tin/)
  assert.match(await body('identity'), /sửa được khi điền hồ sơ/)
  const identity = views.identity.identity
  assert.ok(identity)
  server.show({ ...views.identity, screen: 904, identity: { ...identity, verdict: { ...identity.verdict, filing: false } } })
  await page.waitForSelector('[data-screen="904"]')
  assert.doesNotMatch(await page.locator('main').innerText(), /khi điền hồ sơ/)
  assert.match(await body('attract-lost'), /Máy vừa khởi động lại/)
  assert.match(await body('question-twelve'), /Cần đủ 12 chữ số/)
})

test('an action this page does not know still gets its button', async () => {
  server.show({ ...views.ticket, actions: ['end', 'brand-new'] })
  await page.goto(server.url)
  await id('go-brand-new').click()
  await told((c) => c.action === 'brand-new')
})

test('no request leaves the machine, and the policy refuses nothing', async () => {
  /** @type {string[]} */
  const wrong = []
  page.on('request', (r) => !r.url().startsWith(server.url) && !r.url().startsWith('data:') && wrong.push(r.url()))
  page.on('console', (m) => m.type() === 'error' && wrong.push(m.text()))
  page.on('pageerror', (e) => wrong.push(e.message))
  server.show(views.attract)
  await page.goto(server.url)
  for (const view of Object.values(views)) {
    server.show(view)
    await page.waitForSelector(`[data-screen="${view.screen}"]`)
  }
  await settled(page)
  assert.deepEqual(wrong, [])
})

test('counter: sign in, wrong and right; call, shortcuts, sign out', async () => {
  const asked = simulate(server)
  await page.goto(`${server.url}/counter`)
  await id('field-officer').fill('canbo1')
  await id('field-pin').fill('0000')
  await id('field-counter').selectOption('2')
  await id('go-sign-in').click()
  assert.match(await id('sign-in-error').innerText(), /chưa đúng/)
  server.show(counterView, '/ws/counter')
  await id('field-pin').fill('246810')
  await id('field-pin').press('Enter')
  await id('serving').waitFor()
  assert.deepEqual(asked.at(-1)?.body, { id: 'canbo1', pin: '246810', counter: '2' })
  await id('go-call-next').click()
  await page.keyboard.press('F4')
  await told((c) => c.action === 'recall' && c.screen === 7)
  assert.deepEqual(heard(), [{ action: 'call-next', screen: 7 }, { action: 'recall', screen: 7 }])
  server.show({ ...counterView, actions: ['sign-out', 'call-next'], serving: undefined }, '/ws/counter')
  await page.waitForFunction(() => document.querySelector('[data-testid="go-finish"]')?.hasAttribute('disabled'))
  await id('go-sign-out').click()
  await told((c) => c.action === 'sign-out')
  server.cut()
  await id('field-officer').waitFor()
})

test('board: shows, says when it is old, and comes back without a reload', async () => {
  server.show(boardView, '/ws/board')
  await page.goto(`${server.url}/board`)
  await id('now-1').waitFor()
  assert.match(await id('now-1').innerText(), /A012/)
  assert.match(await id('board-state').innerText(), /^Cập nhật lúc \d\d:\d\d/)
  server.cut()
  await page.waitForFunction(() => /^Mất kết nối từ/.test(document.querySelector('[data-testid="board-state"]')?.textContent ?? ''))
  server.mend()
  server.show({ ...boardView, now: [{ counter: '1', number: 'A013' }] }, '/ws/board')
  await page.waitForFunction(() => /A013/.test(document.querySelector('[data-testid="now-1"]')?.textContent ?? ''), undefined, { timeout: 10_000 })
})

test('bench: every door of /sim', async () => {
  const asked = simulate(server)
  await page.goto(`${server.url}/bench`)
  await id('bench-fault').selectOption('torn:8')
  await id('bench-lay-an').click()
  await id('bench-pull').click()
  await id('bench-qr-an').click()
  await id('bench-scan').click()
  await id('bench-paper-out').click()
  await id('bench-cover-open').click()
  await id('bench-line-cut').click()
  await id('bench-link-down').click()
  await id('bench-reader-gone').click()
  await page.waitForFunction(() => document.querySelector('[data-testid="bench-reader-gone"]')?.getAttribute('aria-pressed') === 'true')
  assert.deepEqual(asked, [
    { path: 'POST /sim/card', body: { persona: 'an', fault: 'torn:8', qr: true } },
    { path: 'DELETE /sim/card', body: undefined },
    { path: 'POST /sim/scan', body: { text: '001099012345|||' } },
    { path: 'POST /sim/printer', body: { paper: 'out' } },
    { path: 'POST /sim/printer', body: { cover: 'open' } },
    { path: 'POST /sim/printer', body: { line: 'cut' } },
    { path: 'POST /sim/link', body: { state: 'down' } },
    { path: 'POST /sim/reader', body: { state: 'gone' } },
  ])
  assert.match(await page.locator('.training').innerText(), /không phải thật/)
})
