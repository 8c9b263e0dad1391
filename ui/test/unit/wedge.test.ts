import { beforeEach, describe, expect, test } from 'vitest'
import { Wedge } from '../../resident/wedge'

// As much of a field and of a key as the wedge sees of them.
class Field {
  inputs = 0
  constructor(public value = '') {}
  dispatchEvent() {
    return ++this.inputs > 0
  }
}
class Area extends Field {}
Object.assign(globalThis, { HTMLInputElement: Field, HTMLTextAreaElement: Area })

let clock: number
let scans: string[]
let wedge: Wedge
beforeEach(() => {
  clock = 1000
  scans = []
  wedge = new Wedge((text) => scans.push(text))
})

/** Presses a key after a pause, into a field if there is one, and types it there unless it was held back. */
function press(key: string, pause: number, into?: Field, more: Partial<KeyboardEvent> = {}) {
  let held = false
  let stopped = false
  clock += pause
  const e = { key, timeStamp: clock, target: into ?? {}, repeat: false, ctrlKey: false, metaKey: false, altKey: false, ...more }
  const taken = wedge.key({ ...e, preventDefault: () => (held = true), stopImmediatePropagation: () => (stopped = true) } as unknown as KeyboardEvent)
  if (into && !held && [...key].length === 1) into.value += key
  return { taken, held, stopped }
}

/** Types a text with one pause between keys, or with the pauses given in turn. */
function type(text: string, pauses: number | number[], end = 'Enter', into?: Field) {
  const pause = (i: number) => (typeof pauses === 'number' ? pauses : pauses[i % pauses.length]!)
  const keys = [...text].map((key, i) => press(key, i ? pause(i) : 1000, into))
  return { keys, end: press(end, pause(text.length), into) }
}

const card = '001099000001|012345678|Nguyễn Văn An|20051999|Nam|Số 5, Ba Đình, Hà Nội|10052021'

describe('a scan', () => {
  test.each(['Enter', 'Tab'])('ends with %s, which presses nothing', (end) => {
    expect(type(card, 4, end).end).toEqual({ taken: true, held: true, stopped: true })
    expect(scans).toEqual([card])
  })
  test('leaves the field as it was', () => {
    const field = new Field('Số nhà 7')
    type(card, 4, 'Enter', field)
    expect(field.value).toBe('Số nhà 7')
    expect(field.inputs).toBe(1)
  })
  test('leaves a long field as it was', () => {
    const area = new Area('dòng')
    type(card, 4, 'Enter', area)
    expect(area.value).toBe('dòng')
  })
  test('may hitch on a busy machine', () => {
    type(card, [4, 4, 4, 120, 4, 4])
    expect(scans).toEqual([card])
  })
  test('may hitch right after its first keys', () => {
    type('K7QD3M9XV2TA', [4, 4, 200, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    expect(scans).toEqual(['K7QD3M9XV2TA'])
  })
  test('holds capitals: Shift is no key of its own', () => {
    press('Shift', 1000)
    type('K7QD3M9X', 5)
    expect(scans).toEqual(['K7QD3M9X'])
  })
  test('its blanks press no button', () => {
    const { keys } = type('K7QD 3M9X V2TA', 4)
    expect(keys.filter((k) => k.held)).toHaveLength(2)
  })
  test('held before the scanner counts once', () => {
    type('K7QD3M9XV2TA', 4)
    type('K7QD3M9XV2TA', 4)
    expect(scans).toHaveLength(1)
    clock += 2000
    type('K7QD3M9XV2TA', 4)
    expect(scans).toHaveLength(2)
  })
  test('of another code counts at once', () => {
    type('K7QD3M9XV2TA', 4)
    type('K7QD3M9XV2TB', 4)
    expect(scans).toHaveLength(2)
  })
  test('after letters by hand starts with its own first', () => {
    const field = new Field()
    type('An', 150, 'a', field)
    type('K7QD3M9XV2TA', 4, 'Enter', field)
    expect(scans).toEqual(['K7QD3M9XV2TA'])
    expect(field.value).toBe('Ana')
  })
  test('right on the heels of letters by hand is no more than itself', () => {
    const field = new Field()
    for (const key of 'Hà Nội') press(key, 90, field)
    for (const [i, key] of [...'K7QD3M9XV2TA'].entries()) press(key, i ? 4 : 90, field)
    press('Enter', 4, field)
    expect(scans).toEqual(['K7QD3M9XV2TA'])
  })
})

describe('hands', () => {
  test('are no scanner, however long they type', () => {
    const field = new Field()
    expect(type('20051999 Ba Dinh', 90, 'Enter', field).end.taken).toBe(false)
    expect(field.value).toBe('20051999 Ba Dinh')
    expect(scans).toEqual([])
  })
  test('roll pairs of keys and stay hands', () => {
    type('2005199920051999', [10, 70])
    type('2005199920051999', [15, 60, 60])
    expect(scans).toEqual([])
  })
  test('that hold a key down are no scanner', () => {
    for (let i = 0; i < 20; i++) press('1', 5, undefined, { repeat: i > 0 })
    expect(press('Enter', 5).taken).toBe(false)
  })
  test('keep their short cuts', () => {
    for (const key of '12345678') press(key, 4, undefined, { ctrlKey: true })
    expect(press('Enter', 4).taken).toBe(false)
  })
})

describe('a burst that is no code', () => {
  test.each(['1234567', 'abcdefghijkl'])('%s', (text) => {
    expect(type(text, 4).end.taken).toBe(false)
    expect(scans).toEqual([])
  })
})
