/** Cards that are not proven, and digits that are not right. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { layCard } from './house.mjs'
import { texts } from './looks.mjs'
import { goHome, visit } from './person.mjs'

after(goHome)

/** What no screen says of a card, in either language. */
const accusing = /(?<!\p{L})giả(?!\p{L})|giả mạo|làm giả|forged|forgery|fake|counterfeit|tampered/iu
/** What no screen says of a card that was not proven. */
const claiming = /xác thực|chip thật|chữ ký của cơ quan cấp (thẻ )?đúng|verified|genuine|authentic/iu

for (const persona of ['tampered', 'stranger']) {
  for (const lang of /** @type {const} */ (['vi', 'en'])) {
    visit(`${persona}, ${lang}: not accused, not filed, a number taken`, async (p) => {
      p.onScreen = async ({ page }, what) => {
        for (const { text } of await texts(page)) {
          assert.doesNotMatch(text, accusing, what)
          assert.doesNotMatch(text, claiming, what)
        }
      }
      if (lang === 'en') await p.speak('en')
      await p.go('go-start')
      await p.on('read-card')
      await p.showCard(persona)
      await p.page.getByTestId('verdict').waitFor()
      await p.go('go-next')
      await p.on('menu')
      assert.equal(await p.page.getByTestId('go-file').count(), 0, 'filing is offered')
      await p.go('go-checklist')
      await p.on('services')
      await p.go('service-ho-tich')
      await p.on('procedures')
      await p.go('procedure-1.001193')
      await p.on('procedure')
      assert.equal(await p.page.getByTestId('go-next').count(), 0, 'filing is offered')
      await p.page.getByTestId('why-not').waitFor()
      await p.go('go-ticket')
      await p.on('ticket')
      assert.match(await p.fact('number'), /^A\d{3}$/)
    })
  }
}

visit('wrong digits: asked after a while, told how many tries are left, opened by the right ones', async (p) => {
  /** @type {string[]} */
  const cut = []
  await p.go('go-start')
  await p.on('read-card')
  const laid = performance.now()
  await layCard('an', { qr: false })
  const field = p.page.getByTestId('field-digits')
  await field.waitFor()
  const waited = performance.now() - laid
  assert.ok(waited > 2500 && waited < 4500, `asked after ${waited} ms`)
  await p.measure(cut, 'read-card with digits')
  await p.look()

  for (const key of '111111') await p.page.locator(`[data-key="${key}"]`).click()
  assert.equal(await field.inputValue(), '111111')
  await p.go('go-next')
  await p.page.getByTestId('wrong-digits').getByText('Còn 2 lần thử').waitFor()
  await p.look()
  await field.fill('222222')
  await p.go('go-next')
  await p.page.getByTestId('wrong-digits').getByText('Còn 1 lần thử').waitFor()
  await p.measure(cut, 'read-card with wrong digits')
  await field.fill('012345')
  await p.go('go-next')
  await p.on('identity')
  assert.equal(await p.fact('personName'), 'Nguyễn Văn An')
  assert.deepEqual(cut, [])
})

visit('wrong digits three times: said, and a number is still there', async (p) => {
  await p.go('go-start')
  await layCard('an', { qr: false })
  const field = p.page.getByTestId('field-digits')
  for (const digits of ['111111', '222222', '333333']) {
    await field.fill(digits)
    await p.go('go-next')
    await p.page.locator('[data-testid="wrong-digits"], [data-testid="screen-sorry"]').waitFor()
  }
  await p.on('sorry')
  assert.match(await p.said(), /Sáu số chưa đúng với thẻ này/)
  await p.go('go-ticket')
  await p.on('services')
})
