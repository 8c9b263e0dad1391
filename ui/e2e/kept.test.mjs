/** Without a network, with a page that is loaded anew, with a nervous finger. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { oneStop, setLink } from './house.mjs'
import { goHome, visit } from './person.mjs'
import { residence } from './wishes.mjs'

after(goHome)

visit('the network is down: kept safe, said calmly; up again: the code arrives on the open screen', async (p, t) => {
  /** @type {string[]} */
  const cut = []
  t.after(() => setLink('up'))
  await p.go('go-start')
  await p.showCard('an')
  await p.walk(residence, 'review')
  await setLink('down')
  await p.go('go-confirm')
  await p.page.getByTestId('receipt-kept').waitFor()
  await p.look()
  await p.measure(cut, 'receipt kept')
  const said = await p.said()
  assert.ok(said.includes('Hồ sơ đã được giữ an toàn trong máy và tự gửi khi có mạng. Không cần chờ; mã hồ sơ sẽ có sau.'), said)
  assert.doesNotMatch(said, /lỗi|thất bại|không thành công|!/i)
  const number = await p.fact('receipt')
  const mine = async () => (await oneStop()).filter((d) => d.MaHoSoNguon === number.replaceAll('-', ''))
  assert.equal((await mine()).length, 0)

  await setLink('up')
  await p.page.getByTestId('receipt-sent').waitFor()
  assert.match(await p.fact('code'), /^\d{3}\.\d{2}\.\d{2}\.H26-\d{6}-\d{4}$/)
  assert.equal(await p.fact('receipt'), number)
  assert.equal((await mine()).length, 1)
  assert.deepEqual(cut, [])
})

visit('a page loaded anew finds its visit on a question, and its receipt', async (p) => {
  await p.go('go-start')
  await p.showCard('an')
  await p.walk(residence, 'question laChuHo')
  await p.page.reload()
  await p.on('question')
  assert.equal((await p.question()).name, 'laChuHo')
  assert.match(await p.said(), /Câu 3/)
  await p.walk(residence, 'review')
  await p.go('go-confirm')
  await p.page.getByTestId('receipt-sent').waitFor()
  const [number, code] = [await p.fact('receipt'), await p.fact('code')]
  await p.page.reload()
  await p.on('receipt')
  assert.equal(await p.fact('receipt'), number)
  assert.equal(await p.fact('code'), code)
  assert.equal((await oneStop()).filter((d) => d.MaHoSo === code).length, 1)
})

visit('a double tap counts once', async (p) => {
  await p.go('go-start')
  await p.showCard('an')
  await p.walk(residence, 'question nycDienThoai')
  const { screen } = await p.at()
  await p.page.getByTestId('go-next').dblclick() // it may be left empty, and so may the next
  await p.page.locator(`.page:not([data-screen="${screen}"])`).waitFor()
  await p.speak('en') // what was sent before has been taken by now
  assert.equal((await p.question()).name, 'nycEmail')
})
