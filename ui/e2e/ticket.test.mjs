/** A number in two presses, and its way through the hall. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after } from 'node:test'
import { kiosk, paper } from './house.mjs'
import { accessible } from './looks.mjs'
import { chromium, goHome, visit } from './person.mjs'

after(goHome)

visit('a number in two presses, called at the counter, shown on the board', async (p, t) => {
  await p.on('attract')
  await p.go('go-quick-ticket')
  await p.on('services')
  await p.go('service-chung-thuc')
  await p.on('ticket')
  const number = await p.fact('number')
  assert.match(number, /^D\d{3}$/)

  const board = await page(t, '/board')
  await board.getByTestId('screen-board').waitFor()
  const counter = await page(t, '/counter')
  await counter.getByTestId('screen-sign-in').waitFor()
  await accessible(counter, 'sign-in')
  await counter.getByTestId('field-officer').fill('quay1')
  await counter.getByTestId('field-pin').fill('111111')
  await counter.getByTestId('field-counter').selectOption('1')
  await counter.getByTestId('go-sign-in').click()
  await counter.getByTestId('sign-in-error').waitFor()
  await counter.getByTestId('field-pin').fill('246810')
  await counter.getByTestId('go-sign-in').click()
  await counter.getByTestId('screen-counter').waitFor()
  await accessible(counter, 'counter')

  // Whoever took a number earlier comes first.
  const serving = counter.getByTestId('serving')
  for (let i = 0; i < 20 && (await serving.innerText()) !== number; i++) {
    if (await counter.getByTestId('go-finish').isEnabled()) {
      await counter.getByTestId('go-finish').click()
      await serving.getByText('–').waitFor()
    }
    await counter.getByTestId('go-call-next').click()
    await serving.getByText(/^[A-Z]\d{3}$/).waitFor()
  }
  assert.equal(await serving.innerText(), number)
  await board.getByTestId('now-1').getByText(number).waitFor()
  await accessible(board, 'board')
  await counter.getByTestId('go-recall').click()
  await counter.locator(`tr:has-text("${number}"):has-text("gọi lại")`).waitFor()
  await board.locator(`[data-testid="calls"] li:first-child:has-text("${number}")`).waitFor()
  await counter.getByTestId('go-finish').click()
  await counter.getByTestId('serving').getByText('–').waitFor()
  await board.getByTestId('now-1').getByText('–').waitFor()
  await counter.getByTestId('go-sign-out').click()
  await counter.getByTestId('screen-sign-in').waitFor()

  const said = await scan(await paper(number))
  assert.ok(said.includes(number), `the paper's square code says ${said}`)
  await p.page.bringToFront()
  await p.page.getByTestId('print-printed').waitFor()
  await p.go('go-end')
  await p.on('attract')
})

/** @param {import('node:test').TestContext} t @param {string} path */
async function page(t, path) {
  const context = await (await chromium()).newContext({ viewport: { width: 1366, height: 768 }, reducedMotion: 'reduce' })
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  await page.goto(kiosk + path)
  return page
}

/** Reads a picture's QR with a decoder that is not ours. @param {Buffer} png @returns {Promise<string>} */
async function scan(png) {
  const context = await (await chromium()).newContext()
  const blank = await context.newPage()
  await blank.evaluate(await readFile(createRequire(import.meta.url).resolve('jsqr'), 'utf8'))
  const text = await blank.evaluate(async (b64) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${b64}`)).blob())
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
    const pen = canvas.getContext('2d')
    pen?.drawImage(bitmap, 0, 0)
    const { data, width, height } = /** @type {ImageData} */ (pen?.getImageData(0, 0, bitmap.width, bitmap.height))
    // @ts-expect-error jsQR came in above
    return jsQR(data, width, height)?.data
  }, png.toString('base64'))
  await context.close()
  assert.ok(text, 'no square code on the paper can be read')
  return text
}
