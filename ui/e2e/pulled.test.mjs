/** The card taken away in the middle: the right words, and nothing left for the next. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { layCard, pullCard } from './house.mjs'
import { goHome, visit } from './person.mjs'
import { residence } from './wishes.mjs'

/** @typedef {import('./person.mjs').Person} Person */

after(goHome)

/** What would tell who the last person was. */
const an = ['Nguyễn Văn An', 'anh An', '012345', '20/05/1999', 'Châu Long', 'Nguyễn Văn Ba', 'Trần Thị Bốn', 'xin việc ở xa']

/** The next person looks at every screen there is before a card, and then lays another. @param {Person} p */
async function nextVisit(p) {
  const clean = async () => {
    const kept = await p.page.evaluate(() => document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((i) => i.value) + JSON.stringify({ ...sessionStorage, ...localStorage }))
    for (const secret of an) assert.ok(!kept.includes(secret), `${secret} is still on ${(await p.at()).name}`)
  }
  await p.on('attract')
  await clean()
  await p.go('go-no-card')
  await p.on('menu')
  await clean()
  await p.go('go-lookup')
  await p.on('lookup')
  await clean()
  await p.go('go-back')
  await p.on('menu')
  await p.showCard('binh')
  assert.equal(await p.fact('personName'), 'Trần Thị Bình')
  await clean()
  await p.walk(residence, 'question nycNoiCuTru')
  assert.match((await p.question()).value, /Hàng Bún/)
  await clean()
}

visit('pulled while it is read', async (p) => {
  await p.go('go-start')
  await layCard('an', { latency: '300ms,0s' }) // slow enough to be looked at
  await p.on('reading')
  await pullCard()
  await p.on('sorry')
  assert.match(await p.said(), /Thẻ đã được lấy ra/)
  await p.go('go-end')
  await nextVisit(p)
})

for (const where of ['identity', 'question nycDonViCuTru', 'review']) {
  visit(`pulled on ${where}`, async (p) => {
    await p.go('go-start')
    await p.showCard('an')
    await p.walk({ ...residence, answers: { ...residence.answers, mucDich: 'xin việc ở xa' } }, where)
    const before = await p.at()
    await pullCard()
    const asked = p.page.getByTestId('ask-card-removed')
    await asked.waitFor()
    assert.match(await asked.innerText(), /Thẻ đã được lấy ra[^]*đặt lại đúng thẻ đó[^]*kết thúc/)
    await p.look()

    // Laid again, it goes on where it was.
    await layCard('an')
    await asked.waitFor({ state: 'detached' })
    assert.equal((await p.at()).name, before.name)
    await pullCard()
    await asked.waitFor()
    await p.go('go-end')
    await nextVisit(p)
  })
}

visit('another card in its place ends the visit', async (p) => {
  await p.go('go-start')
  await p.showCard('an')
  await p.go('go-next')
  await p.on('menu')
  await layCard('binh')
  await p.on('take-card')
  assert.doesNotMatch(await p.said(), /An(?!\p{L})|Bình/u)
  await pullCard()
  await p.on('attract')
})
