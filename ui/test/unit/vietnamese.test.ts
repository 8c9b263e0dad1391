import { describe, expect, test } from 'vitest'
import { fold, putLetter, putTelex, putTone, type Tone } from '../../shared/vietnamese'

const tones: [string, Tone, string][] = [['\u0301', 'sac', 's'], ['\u0300', 'huyen', 'f'], ['\u0309', 'hoi', 'r'], ['\u0303', 'nga', 'x'], ['\u0323', 'nang', 'j']]
const vowels: [string, string][] = [['a', 'a'], ['ă', 'aw'], ['â', 'aa'], ['e', 'e'], ['ê', 'ee'], ['i', 'i'], ['o', 'o'], ['ô', 'oo'], ['ơ', 'ow'], ['u', 'u'], ['ư', 'uw'], ['y', 'y']]

/** All 134 accented letters, with how the accent row and Telex make them. */
function letters(): { letter: string; base: string; tone?: Tone; telex: string }[] {
  const small = vowels.flatMap(([base, keys]) => [
    ...(keys.length > 1 ? [{ letter: base, base, telex: keys }] : []),
    ...tones.map(([mark, tone, key]) => ({ letter: (base + mark).normalize('NFC'), base, tone, telex: keys + key })),
  ])
  small.push({ letter: 'đ', base: 'đ', telex: 'dd' })
  return [...small, ...small.map((l) => ({ ...l, letter: l.letter.toUpperCase(), base: l.base.toUpperCase(), telex: l.telex.toUpperCase() }))]
}

const telex = (keys: string) => [...keys].reduce(putTelex, '')
const typed = (keys: string) => [...keys].reduce(putLetter, '')

describe('all accented letters', () => {
  test('there are 134', () => expect(new Set(letters().map((l) => l.letter)).size).toBe(134))
  test.each(letters())('$letter by the accent row', ({ letter, base, tone }) => {
    const text = putLetter('', base)
    expect(tone ? putTone(text, tone) : text).toBe(letter)
  })
  test.each(letters())('$letter by Telex', ({ letter, telex: keys }) => expect(telex(keys)).toBe(letter))
  test.each(letters())('$letter comes back when retyped in a word', ({ letter, base, tone }) => {
    const word = putLetter('B ', base)
    expect(tone ? putTone(word, tone) : word).toBe('B ' + letter)
  })
})

test.each([
  ['Nguyeenx', 'Nguyễn'], ['Vawn', 'Văn'], ['Tru7', 'Tru7'], ['Truwowngf', 'Trường'], ['Truongwf', 'Trường'], ['quyeets', 'quyết'], ['giax', 'giã'], ['gif', 'gì'],
  ['quas', 'quá'], ['hoaf', 'hòa'], ['toans', 'toán'], ['tosan', 'toán'], ['thuyr', 'thủy'], ['khuyru', 'khuỷu'], ['nghieengs', 'nghiếng'], ['DDaawngs', 'Đắng'],
  ['dduwowcj', 'được'], ['Dungxd', 'Đũng'], ['muaw', 'mưa'], ['quaw', 'quă'], ['hoawcj', 'hoặc'], ['tw', 'tư'], ['uwow', 'ươ'], ['xoong', 'xông'], ['xooong', 'xoong'],
  ['yeeus', 'yếu'], ['ngoafi', 'ngoài'], ['oansh', 'oánh'],
  // Taking back.
  ['ass', 'as'], ['aaa', 'aa'], ['ddd', 'dd'], ['aww', 'aw'], ['hoasz', 'hoa'], ['Ksorr', 'Ksor'],
])('Telex %s → %s', (keys, want) => expect(telex(keys)).toBe(want))

test('a tone moves to where it belongs as letters follow', () => {
  let text = putTone(typed('to'), 'sac')
  expect(text).toBe('tó')
  for (const c of 'an') text = putLetter(text, c)
  expect(text).toBe('toán')
})

test('old placement, then new, then none', () => {
  let text = putTone(typed('hoa'), 'huyen')
  expect(text).toBe('hòa')
  expect((text = putTone(text, 'huyen'))).toBe('hoà')
  expect(putLetter(text, 'n')).toBe('hoàn')
  expect(putTone(text, 'huyen')).toBe('hoa')
})

test('what was typed both ways folds alike', () => {
  expect(fold('Hoà  Bình ')).toBe(fold('Hòa Bình'))
  expect(fold('Đường Thúy')).toBe('duong thuy')
  expect(fold('Đặng'.normalize('NFD'))).toBe('dang')
})

test('only the last word is touched, and it stays NFC', () => {
  const text = telex('Tran Van Binhf')
  expect(text).toBe('Tran Van Bình')
  expect(text).toBe(text.normalize('NFC'))
})
