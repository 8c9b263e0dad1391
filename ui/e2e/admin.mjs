/** Somebody at the centre's pages. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { centre } from './house.mjs'
import { chromium } from './person.mjs'

/** @typedef {import('playwright-core').Page} Page */

/** A window at the centre whose page complains of nothing. @param {import('node:test').TestContext} t @param {object} [more] */
export async function open(t, more = {}) {
  const context = await (await chromium()).newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...more })
  const page = await context.newPage()
  /** @type {string[]} */
  const complaints = []
  // The browser itself notes every answer that is no 200; those are asked for here.
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/status of 4\d\d/.test(m.text()) && complaints.push(m.text()))
  page.on('pageerror', (e) => complaints.push(e.message))
  page.on('request', (r) => r.url().startsWith(centre) || r.url().startsWith('data:') || complaints.push(`asked ${r.url()}`))
  page.setDefaultTimeout(8000)
  t.after(async () => {
    await context.close()
    assert.deepEqual(complaints, [])
  })
  await page.goto(centre)
  return page
}

/** The first admin signs in. @param {Page} page */
export async function signIn(page) {
  await page.getByTestId('screen-sign-in').waitFor()
  await page.getByTestId('field-name').fill('admin')
  await page.getByTestId('field-password').fill((await readFile(process.env.ADMIN_PASSWORD ?? '', 'utf8')).trim())
  await page.getByTestId('go-sign-in').click()
  await page.getByTestId('tile-green').waitFor()
}
