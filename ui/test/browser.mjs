/** Debian's Chromium, without anything that would speak to the outside. */
import { chromium } from 'playwright-core'

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

export const formats = [
  { width: 1920, height: 1080 },
  { width: 1080, height: 1920 },
  { width: 1366, height: 768 },
]
export const sizes = ['s', 'm', 'l', 'xl']
export const contrasts = ['light', 'dark', 'black', 'yellow']

/** Waits until the page shows this view and has found its room. @param {import('playwright-core').Page} page */
export async function settled(page) {
  await page.evaluate(() => document.fonts.ready)
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}
