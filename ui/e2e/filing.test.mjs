/**
 * An registers the birth of his son: from the card to the official code, as a
 * newcomer would after `make run`, with two pages open.
 */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { kiosk, oneStop } from './house.mjs'
import { accessible } from './looks.mjs'
import { goHome, visit } from './person.mjs'
import { birth } from './wishes.mjs'

after(goHome)

const official = /^\d{3}\.\d{2}\.\d{2}\.H26-\d{6}-\d{4}$/

visit('An files a birth', async (an) => {
  /** @type {string[]} */
  const cut = []
  an.onScreen = async (p, what) => {
    await p.picture(what)
    if (what !== 'reading') await p.measure(cut, what)
  }
  await an.on('attract')
  await an.go('go-start')
  await an.on('read-card')

  const bench = await an.page.context().newPage()
  await bench.goto(`${kiosk}/bench`)
  await bench.getByTestId('screen-bench').waitFor()
  await accessible(bench, 'bench')
  await bench.getByTestId('bench-lay-an').click()

  await an.page.bringToFront()
  await an.on('identity')
  assert.match(await an.page.getByTestId('verdict').innerText(), /Dữ liệu trên thẻ nguyên vẹn|Chip thật/)
  await an.walk(birth, 'review')
  const review = await an.saidInAll()
  for (const said of ['Nguyễn Văn An', '20/05/1999', 'Số 12 ngõ 34 phố Châu Long, Trúc Bạch, Ba Đình, Hà Nội', 'Nguyễn Văn Ba', 'Trần Thị Bốn', 'Nguyễn Minh Khôi']) {
    assert.ok(review.includes(said), `the review does not say ${said}:\n${review}`)
  }

  await an.go('go-confirm')
  await an.page.getByTestId('receipt-sent').waitFor({ timeout: 5000 })
  assert.equal(await an.page.locator('main h1').innerText(), 'Đã gửi hồ sơ, chờ cán bộ tiếp nhận')
  const code = await an.fact('code')
  const number = await an.fact('receipt')
  assert.match(code, official)
  assert.match(number, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}$/)
  await an.on('receipt')

  const mine = (await oneStop()).filter((d) => d.MaHoSo === code)
  assert.equal(mine.length, 1)
  const [{ MaHoSoNguon, MaTTHC, DuLieuForm }] = mine
  assert.equal(MaHoSoNguon, number.replaceAll('-', ''))
  assert.equal(MaTTHC, '1.001193')
  assert.equal(DuLieuForm.nycHoTen, 'Nguyễn Văn An')
  assert.equal(DuLieuForm.nksHoTen, 'Nguyễn Minh Khôi')
  assert.equal(DuLieuForm.chaHoTen, 'Nguyễn Văn An')
  assert.equal(DuLieuForm.meHoTen, birth.answers.meHoTen)

  await an.go('go-end')
  await an.on('take-card')
  await bench.getByTestId('bench-pull').click()
  await an.page.bringToFront()
  await an.on('attract')
  for (const screen of ['read-card', 'identity', 'menu', 'services', 'procedures', 'procedure', 'case', 'question', 'papers', 'consent', 'review', 'receipt', 'take-card']) assert.ok(an.met.has(screen), `never met ${screen}`)
  assert.deepEqual(cut, [], 'cut or off the screen')
})
