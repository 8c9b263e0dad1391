/** The keyboard's layouts, and what a key does to the text before the caret. */
import { putLetter, putTelex, putTone, type Tone } from './vietnamese'

/** One character, or what a key is called. */
export type KeyName = string
export type LayoutName = 'letters' | 'signs' | 'digits' | 'date' | 'phone' | 'email' | 'code'

const row = (keys: string) => keys.split(' ')

/** Five rows for an upright screen: the accents above the letters. */
export const tall: Record<LayoutName, KeyName[][]> = {
  letters: [row('ă â đ ê ô ơ ư sac huyen hoi nga nang'), row('q w e r t y u i o p'), row('a s d f g h j k l'), row('shift z x c v b n m backspace'), row('signs telex , space . - done')],
  signs: [row('1 2 3 4 5 6 7 8 9 0'), row('- / ( ) : ; & + % ='), row("' @ # _ ? ! * “ ”"), row('. , backspace'), row('letters space done')],
  digits: [row('1 2 3'), row('4 5 6'), row('7 8 9'), row('clear 0 backspace')],
  date: [row('1 2 3'), row('4 5 6'), row('7 8 9'), row('/ 0 backspace')],
  phone: [row('1 2 3'), row('4 5 6'), row('7 8 9'), row('+ 0 backspace')],
  email: [row('1 2 3 4 5 6 7 8 9 0'), row('q w e r t y u i o p'), row('a s d f g h j k l'), row('z x c v b n m backspace'), row('@ . _ - + @gmail.com clear')],
  code: [row('1 2 3 4 5 6 7 8 9 0'), row('Q W E R T Y U I O P'), row('A S D F G H J K L'), row('Z X C V B N M backspace'), row('- / . space clear done')],
}

/** Four rows for a lying one: the accents, or the digits, beside the letters. "|" stands between. */
export const wide: Record<LayoutName, KeyName[][]> = {
  ...tall,
  letters: [row('q w e r t y u i o p | ă â đ'), row('a s d f g h j k l | ê ô ơ'), row('shift z x c v b n m backspace | ư sac huyen'), row('signs telex , space . - done | hoi nga nang')],
  signs: [row('- / ( ) : ; & + % = | 1 2 3'), row("' @ # _ ? ! * “ ” | 4 5 6"), row('. , backspace | 7 8 9'), row('letters space done | 0')],
  email: [row('q w e r t y u i o p | 1 2 3'), row('a s d f g h j k l | 4 5 6'), row('z x c v b n m backspace | 7 8 9'), row('@ . _ - @gmail.com clear | + 0')],
  code: [row('Q W E R T Y U I O P | 1 2 3'), row('A S D F G H J K L | 4 5 6'), row('Z X C V B N M backspace | 7 8 9'), row('- / . space clear done | 0')],
}

const tones = new Set<KeyName>(['sac', 'huyen', 'hoi', 'nga', 'nang'])

export interface InsertOptions {
  telex: boolean
  /** Some text is selected, which the key replaces: backspace then takes nothing more. */
  selected?: boolean
}

/** The text before the caret after a key. */
export function insert(before: string, key: KeyName, o: InsertOptions): string {
  if (key === 'clear') return ''
  if (key === 'space') return before + ' '
  if (key === 'backspace') return o.selected ? before : [...before.normalize('NFC')].slice(0, -1).join('')
  if (tones.has(key)) return putTone(before, key as Tone)
  if (key.length > 1) return before + key
  if (!/\p{L}/u.test(key)) return before + key
  return o.telex ? putTelex(before, key) : putLetter(before, key)
}

/** Whether the next letter is a capital: at the start, and in names after every space. */
export function needsCapital(before: string, names: boolean): boolean {
  return before.trim() === '' || (names ? /[\s-]$/ : /[.!?]\s+$/).test(before)
}
