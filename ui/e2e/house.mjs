/**
 * The running whole these tests visit: a centre and a kiosk as `make run`
 * starts them, with simulated devices. deploy/test-browser.sh starts both and
 * says where they are.
 */
import assert from 'node:assert/strict'

export const kiosk = address('KIOSK_ADDR')
export const centre = address('CENTRE_ADDR')
/** Where pictures and figures of a run go; none are kept when it is not said. */
export const out = process.env.E2E_OUT

/** @param {string} name */
function address(name) {
  const host = process.env[name]
  if (!host) throw new Error(`${name} is not set: run deploy/test-browser.sh, or give KIOSK_ADDR and CENTRE_ADDR of a \`make run\` with fresh data`)
  return `http://${host}`
}

/**
 * Asks the simulated devices for something; what they refuse is an error.
 * @param {string} path @param {unknown} [body] @param {string} [method] @param {string} [at] another kiosk
 */
export async function sim(path, body, method = 'POST', at = kiosk) {
  const answer = await fetch(`${at}/sim/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) })
  assert.ok(answer.ok, `${method} /sim/${path}: ${answer.status} ${await answer.text()}`)
}

/** @param {string} persona @param {{fault?: string, latency?: string, qr?: boolean}} [how] */
export const layCard = (persona, how = {}) => sim('card', { persona, ...how })
export const pullCard = () => sim('card', undefined, 'DELETE')
/** @param {{paper?: 'ok' | 'low' | 'out', cover?: 'open' | 'closed', line?: 'ok' | 'cut'}} state */
export const printer = (state) => sim('printer', state)
/** @param {'up' | 'down'} state */
export const setLink = (state) => sim('link', { state })

/** The newest paper as the printer's far end saw it, once it is printed. @param {string} number */
export async function paper(number) {
  await until(`the paper ${number}`, async () => {
    const { jobs } = await (await fetch(`${kiosk}/sim/printer/paper.json`)).json()
    assert.ok(jobs.some((/** @type {{number: string, state: string}} */ j) => j.number === number && j.state === 'printed'), JSON.stringify(jobs))
  })
  const answer = await fetch(`${kiosk}/sim/printer/paper.png?last=1`)
  assert.ok(answer.ok, `paper.png: ${answer.status}`)
  return Buffer.from(await answer.arrayBuffer())
}

/** @typedef {{MaHoSo: string, MaHoSoNguon: string, MaTTHC: string, DuLieuForm: Record<string, string>}} Item */

/** What One-Stop has received. @returns {Promise<Item[]>} */
export async function oneStop() {
  const answer = await fetch(`${centre}/onestop/dossiers`)
  assert.ok(answer.ok, `${answer.status}`)
  return answer.json()
}

/**
 * Asks again until check no longer throws: for what no page shows.
 * @template T @param {string} what @param {() => Promise<T>} check @returns {Promise<T>}
 */
export async function until(what, check, within = 5000) {
  const deadline = Date.now() + within
  for (;;) {
    try {
      return await check()
    } catch (err) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${within} ms`, { cause: err })
      await new Promise((next) => setTimeout(next, 25))
    }
  }
}
