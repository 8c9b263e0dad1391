/** In English, English on every screen: a filing, a number, a way without a card, an apology. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { layCard, pullCard } from './house.mjs'
import { goHome, visit } from './person.mjs'
import { birth } from './wishes.mjs'

after(goHome)

visit('a filing in English', async (p) => {
  await p.speak('en')
  await p.on('attract')
  await p.go('go-start')
  await p.on('read-card')
  await p.showCard('chi')
  await p.walk({ ...birth, answers: { ...birth.answers, nycQuanHe: 'me', chaHoTen: 'Ngô Văn Thử', chaNgaySinh: '1994', chaNoiCuTru: 'Hà Nội' } }, 'review')
  await p.go('go-confirm')
  await p.page.getByTestId('receipt-sent').waitFor()
  await p.on('receipt')
  assert.match(await p.said(), /waits for an officer/i)
  await p.go('go-end')
  await p.on('take-card')
  await pullCard()
  await p.page.locator('html[lang="vi"]').waitFor({ state: 'attached' }) // the next person's language
})

visit('the other screens in English', async (p) => {
  await p.speak('en')
  await p.go('go-quick-ticket')
  await p.on('services')
  await p.go('go-help')
  await p.on('help')
  await p.go('go-back')
  await p.go('service-khac')
  await p.on('ticket')
  await p.go('go-end')
  await p.page.locator('html[lang="vi"]').waitFor({ state: 'attached' }) // the next person's

  await p.speak('en')
  await p.go('go-no-card')
  await p.on('menu')
  await p.go('go-lookup')
  await p.on('lookup')
  await p.page.getByTestId('field-number').fill('K7QD-3M9X-0000')
  await p.press('go-next')
  await p.page.locator('[data-testid="lookup-not-a-number"], [data-testid="lookup-not-found"]').waitFor()
  await p.look()
  await p.go('go-back')
  await p.go('go-checklist')
  await p.on('services')
  await p.go('go-search')
  await p.on('procedures')
  await p.page.getByTestId('field-search').fill('ket hon')
  await p.go('procedure-1.000894')
  await p.on('procedure')
  await p.go('go-restart')
  await p.page.getByTestId('ask-restart').waitFor()
  await p.look()
  await p.go('go-restart-yes')
  await p.page.locator('html[lang="vi"]').waitFor({ state: 'attached' })

  await p.speak('en')
  await p.go('go-start')
  await layCard('an', { latency: '300ms,0s' })
  await p.on('reading')
  await pullCard()
  await p.on('sorry')
})
