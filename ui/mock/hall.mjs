/**
 * The staff's pages, played.
 * @import { BoardView, CounterView } from '../shared/wire.gen'
 */
const at = '2026-11-23T02:05:00Z'
const name = (/** @type {string} */ vi, /** @type {string} */ en) => ({ vi, en })
const calls = [
  { seq: 14, number: 'A012', counter: '1', at, recall: true }, { seq: 13, number: 'B003', counter: '2', at, recall: false },
  { seq: 12, number: 'A011', counter: '3', at, recall: false }, { seq: 11, number: 'C007', counter: '4', at, recall: false }, { seq: 10, number: 'A010', counter: '1', at, recall: false },
]
const waiting = [
  { code: 'ho-tich', letter: 'A', name: name('Hộ tịch', 'Births, marriages, deaths'), count: 4 }, { code: 'cu-tru', letter: 'B', name: name('Cư trú', 'Residence'), count: 0 },
  { code: 'bao-hiem-thue', letter: 'G', name: name('Bảo hiểm, việc làm, thuế', 'Insurance, work, tax'), count: 12 },
]

/** @type {CounterView} */
export const counterView = {
  rev: 1, screen: 7, unit: 'UBND phường Ba Đình', counter: '1', officer: 'Cán bộ Một',
  serving: { number: 'A012', service: name('Hộ tịch', 'Births, marriages, deaths'), issued: at, called: at, recalls: 1 },
  waiting, calls, today: { issued: 41, finished: 30, absent: 2 }, actions: ['sign-out', 'call-next', 'recall', 'finish', 'absent'], at,
}

/** @type {BoardView} */
export const boardView = {
  rev: 1, unit: 'UBND phường Ba Đình', site: 'Điểm hỗ trợ dịch vụ công số 2',
  now: [{ counter: '1', number: 'A012' }, { counter: '2', number: 'B003' }, { counter: '3', number: 'A011' }, { counter: '4', number: '' }], calls, waiting, at,
}

/** A full hall: all services of a site, more calls than fit. @type {BoardView} */
export const fullBoard = {
  ...boardView,
  now: [...(boardView.now ?? []), { counter: '5', number: 'D004' }],
  calls: [{ seq: 15, number: 'K009', counter: '2', at, recall: false }, ...calls],
  waiting: [
    ...waiting, { code: 'can-cuoc', letter: 'C', name: name('Căn cước, hộ chiếu', 'ID card, passport'), count: 12 }, { code: 'chung-thuc', letter: 'D', name: name('Chứng thực', 'Certified copies'), count: 1 },
    { code: 'dat-dai', letter: 'E', name: name('Đất đai', 'Land'), count: 7 }, { code: 'giao-thong', letter: 'H', name: name('Xe và giao thông', 'Vehicles and traffic'), count: 3 }, { code: 'khac', letter: 'K', name: name('Việc khác', 'Other matters'), count: 0 },
  ],
}

/** Answers /sim and /counter/sign-in as the daemon would. @param {{routes: Map<string, (body: string) => {status?: number, json?: unknown}>}} server */
export function simulate(server) {
  /** @type {{path: string, body: any}[]} */
  const asked = []
  const note = (/** @type {string} */ path) => (/** @type {string} */ body) => {
    asked.push({ path, body: body ? JSON.parse(body) : undefined })
    return { status: 204 }
  }
  for (const path of ['POST /sim/card', 'DELETE /sim/card', 'POST /sim/scan', 'POST /sim/printer', 'POST /sim/link', 'POST /sim/reader']) server.routes.set(path, note(path))
  server.routes.set('GET /sim/personas', () => ({ json: { personas: [{ name: 'an', title: 'nam, sinh 1999, thẻ 2021', qr: '001099012345|||' }, { name: 'binh', title: 'nữ, sinh 1944, thẻ không thời hạn', qr: '001144000067|||' }], faults: [{ name: 'torn:8', title: 'bị rút giữa chừng' }] } }))
  server.routes.set('GET /sim/printer/paper.json', () => ({ json: { jobs: [{ id: 1, kind: 'ticket', number: 'A012', bytes: 1840, state: 'printed' }] } }))
  server.routes.set('GET /counter/sign-in', () => ({ json: { counters: ['1', '2'] } }))
  server.routes.set('POST /counter/sign-in', (body) => {
    const { id, pin } = JSON.parse(body)
    asked.push({ path: 'POST /counter/sign-in', body: JSON.parse(body) })
    return id === 'canbo1' && pin === '246810' ? { status: 204 } : { status: 401, json: { error: 'wrong-pin' } }
  })
  return asked
}
