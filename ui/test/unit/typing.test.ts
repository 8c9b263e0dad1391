import { describe, expect, test } from 'vitest'
import { dateWords, maskDate } from '../../shared/dates'
import { insert, needsCapital, tall, wide } from '../../shared/keys'

test.each([
  ['2', '2'], ['20', '20'], ['200', '20/0'], ['205', '20/5'], ['2005', '20/05'], ['2505', '25/05'], ['25051', '25/05/1'], ['20051999', '20/05/1999'], ['20/5/1999', '20/05/1999'], ['20.05.1999', '20/05/1999'],
  ['1-1-2026', '01/01/2026'], ['1999', '19/99'], ['05/1999', '05/1999'], ['20/05/1999', '20/05/1999'], ['20/05/19991', '20/05/1999'], ['abc', ''],
])('date %s → %s', (typed, want) => expect(maskDate(typed)).toBe(want))

test.each([['2005', '2005'], ['20051', '20/05/1'], ['1999', '1999'], ['2505', '25/05']])('where a year alone will do: %s → %s', (typed, want) => expect(maskDate(typed, true)).toBe(want))

test.each(['20051999', '01012026', '31121944', '20021999'])('typed digit by digit: %s', (digits) => {
  const typed = [...digits].reduce((text, d) => maskDate(text + d), '')
  expect(typed).toBe(`${digits.slice(0, 2)}/${digits.slice(2, 4)}/${digits.slice(4)}`)
})

test.each(['20/05/1999', '1999', '05/1999', '7/3/2001'])('typed with slashes: %s', (text) => {
  const typed = [...text].reduce((t, d) => maskDate(t + d, true), '')
  expect(typed).toBe(text === '7/3/2001' ? '07/03/2001' : text)
})

test('deleting does not fight back', () => {
  let text = '20/05/1999'
  for (let i = 0; i < 10; i++) text = maskDate(text.slice(0, -1))
  expect(text).toBe('')
})

test('only days of the calendar are read out', () => {
  expect(dateWords('29/02/2024')).toEqual({ d: 29, m: 2, y: 2024 })
  expect(dateWords('29/02/2023')).toBeUndefined()
  expect(dateWords('31/04/2026')).toBeUndefined()
  expect(dateWords('1999')).toBeUndefined()
})

const type = (keys: string[], telex = true) => keys.reduce((text, key) => insert(text, key, { telex }), '')

describe('the keyboard', () => {
  test('a name by the accent keys', () => expect(type(['N', 'g', 'u', 'y', 'ê', 'n', 'nga', 'space', 'Đ', 'ư', 'c', 'sac'], false)).toBe('Nguyễn Đức'))
  test('the same by Telex', () => expect(type([...'Nguyeenx', 'space', ...'DDuwcs'])).toBe('Nguyễn Đức'))
  test('Telex off leaves letters alone', () => expect(type([...'boss'], false)).toBe('boss'))
  test('backspace takes one letter with its marks', () => expect(type(['ê', 'nga', 'backspace'])).toBe(''))
  test('clear, and keys of several letters', () => expect(type(['x', 'clear', 'a', '@gmail.com'])).toBe('a@gmail.com'))
  test('capitals of names and of sentences', () => {
    expect([needsCapital('', true), needsCapital('Nguyễn ', true), needsCapital('Nguy', true), needsCapital('số 1 ', false), needsCapital('', false)]).toEqual([true, true, false, false, true])
  })
  test('both arrangements have the same keys', () => {
    for (const name of ['letters', 'email', 'code'] as const) {
      const keys = (rows: string[][]) => rows.flat().filter((k) => k !== '|').sort()
      expect(keys(wide[name]), name).toEqual(keys(tall[name]))
    }
  })
  test('every letter of the alphabet is there', () => {
    const keys = new Set(tall.letters.flat())
    for (const letter of 'abcdeghiklmnopqrstuvxyăâđêôơưfjwz') expect(keys.has(letter), letter).toBe(true)
  })
})
