/** A technician with a fresh machine and a sheet of codes, who wants to leave. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { open, signIn } from './admin.mjs'
import { centre, out, sim, until } from './house.mjs'
import { accessible, english, texts, worded } from './looks.mjs'
import { chromium, goHome } from './person.mjs'

/** @typedef {import('playwright-core').Page} Page */

after(goHome)

/** A machine that is nobody's, with simulated devices. @param {import('node:test').TestContext} t */
async function machine(t) {
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (held.address())
  held.close()
  const data = await mkdtemp(`${tmpdir()}/machine-`)
  const daemon = spawn('../bin/kiosk', ['run', '-sim', '-addr', `127.0.0.1:${port}`, '-data', data], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  daemon.stderr.on('data', (b) => (log += b))
  t.after(async () => {
    daemon.kill()
    if (daemon.exitCode === null) await once(daemon, 'exit')
    await rm(data, { recursive: true, force: true })
    assert.ok(!/"level":"(ERROR)".*panic/.test(log), log)
  })
  const at = `http://127.0.0.1:${port}`
  await until('the machine', async () => assert.ok((await fetch(`${at}/healthz`)).status), 20_000)
  return at
}

/** A page on the machine that counts what is pressed. @param {import('node:test').TestContext} t @param {string} at */
async function technician(t, at) {
  const context = await (await chromium()).newContext({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  /** @type {string[]} */
  const complaints = []
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/Failed to load resource/.test(m.text()) && complaints.push(m.text()))
  page.on('pageerror', (e) => complaints.push(e.message))
  page.setDefaultTimeout(15_000)
  t.after(async () => {
    await context.close()
    assert.deepEqual(complaints, [])
  })
  let presses = 0
  await page.goto(at)
  return {
    page,
    presses: () => presses,
    /** @param {string} id */
    async press(id) {
      presses++
      await page.getByTestId(id).click()
    },
  }
}

/** The admin makes a kiosk and has its code. @param {Page} admin @param {string} site */
async function newCode(admin, site) {
  await admin.goto(`${centre}/#/add`)
  await admin.getByTestId('field-csv').fill(`unit,site,profile\n00004,${site},residential\n`)
  await admin.getByTestId('go-add-list').click()
  await admin.getByTestId('code').waitFor()
  const code = await admin.getByTestId('code').innerText()
  const id = (await admin.locator('[data-testid^="ticket-"]').getAttribute('data-testid'))?.slice('ticket-'.length) ?? ''
  return { code, id }
}

/** @param {Page} page @param {string} what */
async function looked(page, what) {
  await accessible(page, what)
  const words = (await texts(page)).filter(({ where }) => !/ code\b/.test(` ${where}`))
  worded(words, what)
  if (out) await page.screenshot({ path: `${out}/technician-${what}.png`, fullPage: true })
}

test('from the code to green on the dashboard: at most 12 presses and 2 minutes', async (t) => {
  const admin = await open(t)
  await signIn(admin)
  const { code, id } = await newCode(admin, 'Chung cư mô phỏng')
  const at = await machine(t)
  const began = Date.now()
  const { page, press, presses } = await technician(t, at)
  await press('technician') // the screen of a machine that is nobody's leads there
  await page.getByTestId('screen-enrol').waitFor()
  await looked(page, 'enrol')
  await sim('scan', { text: `${centre}/enrol#${code}` }, 'POST', at)
  await page.waitForFunction(() => document.querySelector('input')?.value.includes('#'))
  await press('go-enrol')
  await page.getByTestId('site').filter({ hasText: 'Chung cư mô phỏng' }).waitFor()
  await looked(page, 'place')
  await press('go-here')
  await page.getByTestId('ready').waitFor()
  await press('go-report')
  await page.getByTestId('done').waitFor()
  await looked(page, 'checks')
  await page.getByTestId('lang-en').click()
  english((await texts(page)).filter(({ where }) => !/\[lang=vi\]| code\b/.test(where)), 'checks')
  await press('go-open')
  await page.getByTestId('screen-attract').waitFor()
  await admin.goto(`${centre}/#/kiosks?q=${id}`)
  await admin.locator(`[data-testid="kiosk-${id}"][data-colour="green"]`).waitFor({ timeout: 60_000 })
  const took = Date.now() - began
  t.diagnostic(`${presses()} presses, ${(took / 1000).toFixed(1)} s from the code to green`)
  assert.ok(presses() <= 12, `${presses()} presses`)
  assert.ok(took < 120_000, `${took} ms`)

  // What he found is at the centre, and the centre can ask for it again, have it print, call it.
  await admin.goto(`${centre}/#/kiosk/${id}`)
  await admin.getByTestId('readiness').waitFor()
  for (const verb of ['test-print', 'readiness', 'identify']) {
    await admin.getByTestId(`go-${verb}`).click()
    await admin.getByTestId('done').waitFor()
    await until(verb, async () => assert.ok(await admin.getByTestId(`go-${verb}`).isEnabled()))
  }
  await page.getByText(id).waitFor() // it shows itself
  await admin.getByTestId('go-technician-code').click()
  const own = await admin.getByTestId('technician-code').innerText()

  // Later somebody comes back: a wrong code is refused, the kiosk's own opens.
  const later = await technician(t, `${at}/technician`)
  await later.page.getByTestId('field-code').fill('00000000')
  await later.press('go-sign-in')
  await later.page.getByTestId('wrong').waitFor()
  await looked(later.page, 'sign-in')
  await later.page.getByTestId('field-code').fill(own)
  await later.press('go-sign-in')
  await later.page.getByTestId('kiosk').filter({ hasText: id }).waitFor()
  // What breaks is said in words, and mended it goes.
  await sim('printer', { paper: 'out' }, 'POST', at)
  await later.page.locator('[data-testid="check-printer"][data-state="fail"]').waitFor()
  await later.press('go-report')
  await later.page.getByTestId('wrong').filter({ hasText: 'Giấy chưa ra' }).waitFor()
  await looked(later.page, 'paper-out')
  await sim('printer', { paper: 'ok' }, 'POST', at)
  await sim('link', { state: 'down' }, 'POST', at)
  await later.page.locator('[data-testid="check-printer"][data-state="ok"]').waitFor()
  await until('the report without a centre', async () => {
    await later.press('go-report')
    await later.page.getByTestId('wrong').filter({ hasText: 'chưa gửi được' }).waitFor({ timeout: 5000 })
  }, 20_000)
  await sim('link', { state: 'up' }, 'POST', at)
  await until('the report', async () => {
    await later.press('go-report')
    await later.page.getByTestId('done').waitFor({ timeout: 5000 })
  }, 30_000)
  await admin.getByTestId('go-restart').click()
  await admin.getByTestId('done').waitFor()
  await until('the restart', async () => assert.ok((await fetch(`${at}/healthz`)).ok), 20_000)
})

test('codes that are wrong, used or of nobody are said clearly; a wrong site is undone by the technician alone', async (t) => {
  const admin = await open(t)
  await signIn(admin)
  const { code, id } = await newCode(admin, 'Nhà văn hóa mô phỏng')
  const at = await machine(t)
  const { page, press } = await technician(t, `${at}/technician`)
  await page.getByTestId('screen-enrol').waitFor()
  await page.getByTestId('field-centre').fill(centre)
  for (const [typed, said] of [['ABC', /chưa đúng/], [code.replace(/^..../, '0000'), /chưa đúng/]]) {
    await page.getByTestId('field-code').fill(String(typed))
    await press('go-enrol')
    await page.getByTestId('wrong').filter({ hasText: said }).waitFor()
  }
  await page.getByTestId('field-code').fill(code.toLowerCase())
  await press('go-enrol')
  await page.getByTestId('kiosk').filter({ hasText: id }).waitFor()

  const other = await machine(t)
  const second = await technician(t, `${other}/technician`)
  await second.page.getByTestId('field-centre').fill(centre)
  await second.page.getByTestId('field-code').fill(code)
  await second.press('go-enrol')
  await second.page.getByTestId('wrong').filter({ hasText: 'đã dùng' }).waitFor()

  await press('go-undo')
  await press('go-undo-yes')
  await page.getByTestId('screen-enrol').waitFor()
  await second.press('go-enrol') // and now it is the right machine
  await second.page.getByTestId('kiosk').filter({ hasText: id }).waitFor()
})
