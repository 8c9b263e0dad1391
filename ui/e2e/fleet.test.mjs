/** The centre's pages as an admin uses them, on the real centre with a real kiosk behind it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open, signIn } from './admin.mjs'
import { centre, kiosk, out, printer } from './house.mjs'
import { accessible, english, texts, worded } from './looks.mjs'
import { chromium, goHome } from './person.mjs'

/** @typedef {import('playwright-core').Page} Page */

const pages = ['overview', 'kiosks', 'kiosk/00004-01', 'alerts', 'dossiers', 'reports', 'add', 'config', 'people', 'audit', 'me']
after(goHome)

/** @param {Page} page @param {string} name */
async function visit(page, name) {
  await page.goto(`${centre}/#/${name}`)
  await page.getByTestId(`screen-${name.split('/')[0]}`).waitFor()
  await page.locator('main h1').waitFor()
  await page.waitForLoadState('networkidle')
}

test('a wrong password is said, the right one lets in, signing out ends it', async (t) => {
  const page = await open(t)
  await page.getByTestId('screen-sign-in').waitFor()
  await accessible(page, 'sign-in')
  await page.getByTestId('field-name').fill('admin')
  await page.getByTestId('field-password').fill('not the password')
  await page.getByTestId('go-sign-in').click()
  await page.getByTestId('sign-in-error').waitFor()
  await signIn(page)
  await page.getByTestId('go-sign-out').click()
  await page.getByTestId('screen-sign-in').waitFor()
  assert.equal(await page.evaluate(async () => (await fetch('/api/overview')).status), 401)
})

for (const [name, more] of /** @type {[string, object][]} */ ([['desk', {}], ['phone in a dark room', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }]])) {
  test(`every page on a ${name}: axe, words of both languages, nothing wider than it`, async (t) => {
    const page = await open(t, more)
    await signIn(page)
    for (const lang of ['vi', 'en']) {
      if (lang === 'en') await page.getByTestId('lang-en').click()
      for (const p of pages) {
        await visit(page, p)
        await accessible(page, `${p}, ${name}`)
        const all = (await texts(page)).filter(({ where }) => !/ (pre|td|code|dt|dd)\b/.test(` ${where}`)) // data, not words
        worded(all, p)
        if (lang === 'en') english(all.filter(({ where }) => !where.includes('[lang=vi]')), p)
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${p} is wider than a ${name}`)
        if (out && lang === 'vi') await page.screenshot({ path: `${out}/fleet-${name.split(' ')[0]}-${p.replace('/', '-')}.png`, fullPage: true })
      }
    }
  })
}

test('a printer that opens is a cause on the overview without a reload, found by keyboard, and gone when it is closed', async (t) => {
  const page = await open(t)
  await signIn(page)
  t.after(() => printer({ cover: 'closed' }))
  await printer({ cover: 'open' })
  const cause = page.locator('[data-testid^="cause-cover"], [data-testid^="cause-printer"]')
  await cause.first().waitFor({ timeout: 90_000 })
  await page.keyboard.press('/')
  await page.keyboard.type('ba đình') // as its own letters or without
  await page.getByTestId('kiosk-00004-01').waitFor()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('diem ho tro so 2')
  await page.getByTestId('kiosk-00004-01').waitFor()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('khong co')
  await page.getByTestId('kiosk-00004-01').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+A')
  await page.keyboard.press('Delete')
  await page.getByTestId('kiosk-00004-01').waitFor()
  for (let i = 0; !(await page.evaluate(() => document.activeElement?.getAttribute('href') === '#/kiosk/00004-01')); i++) {
    assert.ok(i < 40, 'the kiosk is not reached by Tab')
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
  await page.getByTestId('screen-kiosk').waitFor()
  await page.getByTestId('trouble-cover-open').waitFor()
  await printer({ cover: 'closed' })
  await page.getByTestId('trouble-cover-open').waitFor({ state: 'detached', timeout: 90_000 })
  for (const kind of ['raised', 'cleared', 'started']) await page.locator(`[data-testid="changes"] [data-kind="${kind}"]`).first().waitFor({ timeout: 30_000 })
  await page.goBack()
  await page.getByTestId('screen-kiosks').waitFor()
})

test('a list with a wrong line: the others get codes, the line is told', async (t) => {
  const page = await open(t)
  await signIn(page)
  await visit(page, 'add')
  await page.getByTestId('field-csv').fill('unit;site;profile\n00004;Nhà văn hóa tổ 5;residential\n99999;Không có;mobile\n')
  await page.getByTestId('go-add-list').click()
  await page.getByTestId('line-error').filter({ hasText: 'Dòng 3' }).waitFor()
  assert.match(await page.getByTestId('code').innerText(), /^([0-9A-Z]{5}-){4}[0-9A-Z]{5}$/)
  await accessible(page, 'sheet of codes')
})

test('an operator of one unit sees no people and adds no kiosks', async (t) => {
  const page = await open(t)
  await signIn(page)
  await visit(page, 'people')
  await page.getByTestId('field-person').fill('truc.phuong')
  await page.getByTestId('field-role').selectOption('operator')
  await page.getByTestId('field-units').fill('00004')
  await page.getByTestId('field-new-password').fill('mot mat khau dai')
  await page.getByTestId('go-save').click()
  await page.getByTestId('person-truc.phuong').waitFor()
  await page.getByTestId('go-sign-out').click()
  await page.getByTestId('field-name').fill('truc.phuong')
  await page.getByTestId('field-password').fill('mot mat khau dai')
  await page.getByTestId('go-sign-in').click()
  await page.getByTestId('tile-green').waitFor()
  assert.equal(await page.getByTestId('go-people').count(), 0)
  assert.equal(await page.getByTestId('go-add').count(), 0)
  await page.goto(`${centre}/#/people`)
  await page.getByTestId('wrong').waitFor() // and the centre itself refuses
})

test('a change of configuration is tried, told, taken by the kiosk when nobody stands there, and seen', async (t) => {
  const page = await open(t)
  await signIn(page)
  await visit(page, 'config')
  const kiosks = page.getByTestId('field-kiosks')
  await kiosks.fill('00004-01')
  for (const [text, said] of [['phone: "ab"', /phone/], ['unit: {code: "00008"}', /unit/], ['nonsense', /phone/], ['phnoe: "1"', /phnoe/]]) {
    await page.getByTestId('field-change').fill(String(text))
    await page.getByTestId('go-try').click()
    await page.getByTestId('wrong').filter({ hasText: said }).waitFor()
  }
  await page.getByTestId('field-change').fill('phone: "024 3999 0000"')
  await page.getByTestId('go-try').click()
  await page.getByTestId('differences').filter({ hasText: '+ phone: 024 3999 0000' }).waitFor()
  await accessible(page, 'a change tried')
  if (out) await page.screenshot({ path: `${out}/fleet-desk-config-tried.png`, fullPage: true })
  // Somebody stands at the kiosk: it waits for them.
  const resident = await (await chromium()).newPage()
  t.after(() => resident.close())
  await resident.goto(kiosk)
  await resident.getByTestId('go-help').click()
  await resident.getByTestId('screen-help').waitFor()
  await page.getByTestId('go-begin').click()
  const rollout = page.getByTestId('rollout')
  await rollout.filter({ hasText: '1/1' }).waitFor({ timeout: 30_000 }) // it has been told
  await page.waitForTimeout(3000) // that nothing happens takes its time to be seen
  assert.equal(await rollout.getAttribute('data-state'), 'running')
  await resident.getByTestId('screen-help').waitFor()
  await resident.getByTestId('go-back').click()
  await page.locator('[data-testid="rollout"][data-state="finished"]').waitFor({ timeout: 60_000 })
  await resident.getByTestId('screen-attract').waitFor()
  await resident.getByTestId('go-help').click()
  await resident.getByText('024 3999 0000').first().waitFor()
  await resident.getByTestId('go-back').click()
})

test('a notice stands on the kiosk at once, a closed kiosk serves nobody and says why, an open one does again', async (t) => {
  const page = await open(t)
  await signIn(page)
  await visit(page, 'kiosk/00004-01')
  const resident = await (await chromium()).newPage({ viewport: { width: 1920, height: 1080 } })
  t.after(() => resident.close())
  await resident.goto(kiosk)
  await resident.getByTestId('screen-attract').waitFor()
  await page.getByTestId('go-logs').click()
  await page.getByTestId('log').filter({ hasText: 'kiosk starts' }).waitFor()
  await page.getByTestId('field-notice-vi').fill('Từ 15 giờ hôm nay máy nghỉ để bảo trì.')
  await page.getByTestId('field-notice-en').fill('This machine closes at 3 pm today for maintenance.')
  await page.getByTestId('go-say').click()
  await page.getByTestId('said').waitFor()
  await resident.getByTestId('notice').filter({ hasText: 'Từ 15 giờ' }).waitFor({ timeout: 10_000 })
  await accessible(resident, 'attract with a notice')
  if (out) await resident.screenshot({ path: `${out}/resident-notice.png` })
  await page.getByTestId('field-locked').check()
  await page.getByTestId('go-say').click()
  await resident.getByTestId('screen-out-of-service').waitFor({ timeout: 10_000 })
  await resident.getByTestId('notice').waitFor()
  if (out) await resident.screenshot({ path: `${out}/resident-closed.png` })
  await page.getByTestId('trouble-locked').waitFor({ timeout: 30_000 })
  await accessible(page, 'kiosk that is closed')
  if (out) await page.screenshot({ path: `${out}/fleet-desk-kiosk-closed.png`, fullPage: true })
  await page.getByTestId('field-locked').uncheck()
  await page.getByTestId('field-notice-vi').fill('')
  await page.getByTestId('field-notice-en').fill('')
  await page.getByTestId('go-say').click()
  await resident.getByTestId('screen-attract').waitFor({ timeout: 10_000 })
  assert.equal(await resident.getByTestId('notice').count(), 0)
  await page.getByTestId('trouble-locked').waitFor({ state: 'detached', timeout: 30_000 })
})

test('a catalogue is added, one that is none is refused, and the kiosk takes it by its hash', async (t) => {
  const page = await open(t)
  await signIn(page)
  await visit(page, 'config')
  await page.getByTestId('field-what').selectOption('catalogue')
  const dir = await mkdtemp(join(tmpdir(), 'tiepdan-pack-'))
  t.after(() => rm(dir, { recursive: true }))
  const pack = join(dir, 'quy-4.zip')
  execFileSync('go', ['run', './kiosk', 'catalogue', 'pack', 'kiosk/catalogue/data', pack], { cwd: '..' })
  await page.getByTestId('field-pack').setInputFiles({ name: 'anh.zip', mimeType: 'application/zip', buffer: Buffer.from('no catalogue') })
  await page.getByTestId('field-pack-name').fill('Ảnh')
  await page.getByTestId('go-add-catalogue').click()
  await page.getByTestId('wrong').waitFor()
  await page.getByTestId('field-pack').setInputFiles(pack)
  await page.getByTestId('field-pack-name').fill('Quý 4')
  await page.getByTestId('go-add-catalogue').click()
  await page.getByTestId('catalogues').filter({ hasText: 'Quý 4' }).waitFor()
  await page.getByTestId('field-kiosks').fill('00004-01')
  await page.getByTestId('field-catalogue').selectOption({ label: 'Quý 4' })
  await page.getByTestId('go-try').click()
  await page.getByTestId('go-begin').click()
  await page.locator('[data-testid="rollout"][data-state="finished"]').filter({ hasText: 'Quý 4' }).waitFor({ timeout: 60_000 })
  await accessible(page, 'catalogues')
  if (out) await page.screenshot({ path: `${out}/fleet-desk-catalogues.png`, fullPage: true })
  const { catalogue } = await (await fetch(`${kiosk}/healthz`)).json()
  assert.match(catalogue, /^[0-9a-f]{64}$/)
})
