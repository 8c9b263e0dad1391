/**
 * Vietnamese letters for the keyboard on the screen: tones put where they
 * belong, Telex, and folding for searches. All of it works on the text before
 * the caret and always gives NFC.
 *
 * A syllable is edited as letters without tone plus one tone, so that "tó" and
 * a following "a", "n" become "toán" as one expects.
 */

/** Without tones and marks, small letters: "Trần Đức" is found by "tran duc". */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase().replace(/\s+/g, ' ').trim()
}

export type Tone = 'sac' | 'huyen' | 'hoi' | 'nga' | 'nang'

const toneMarks: Record<Tone, string> = { sac: '\u0301', huyen: '\u0300', hoi: '\u0309', nga: '\u0303', nang: '\u0323' }
const toneOf = new Map(Object.entries(toneMarks).map(([tone, mark]) => [mark, tone as Tone]))
const telexTones: Record<string, Tone> = { s: 'sac', f: 'huyen', r: 'hoi', x: 'nga', j: 'nang' }
const vowels = 'aăâeêioôơuưy'
const marked = 'ăâêôơư'

interface Syllable {
  before: string
  letters: string[] // NFC, without tone
  tone?: Tone
  at: number // which letter carries the tone
}

/** The letters at the end of text, taken apart. */
function parse(text: string): Syllable {
  text = text.normalize('NFC')
  const tail = /\p{L}*$/u.exec(text)![0]
  const s: Syllable = { before: text.slice(0, text.length - tail.length), letters: [], at: -1 }
  for (const c of tail) {
    let letter = ''
    for (const part of c.normalize('NFD')) {
      const tone = toneOf.get(part)
      if (tone) {
        s.tone = tone
        s.at = s.letters.length
      } else letter += part
    }
    s.letters.push(letter.normalize('NFC'))
  }
  return s
}

function write(s: Syllable): string {
  return s.before + s.letters.map((l, i) => (s.tone && i === s.at ? (l + toneMarks[s.tone]).normalize('NFC') : l)).join('')
}

const isVowel = (letter: string | undefined) => letter !== undefined && vowels.includes(letter.toLowerCase())

/** The run of vowels that carries the tone: from the first vowel, without the u of "qu" and the i of "gi". */
function nucleus(letters: string[]): { from: number; to: number } {
  let from = letters.findIndex(isVowel)
  if (from < 0) return { from: 0, to: 0 }
  const onset = letters.slice(0, from).join('').toLowerCase()
  const first = letters[from].toLowerCase()
  if (isVowel(letters[from + 1]) && ((onset === 'q' && first === 'u') || (onset === 'g' && first === 'i'))) from++
  let to = from
  while (isVowel(letters[to])) to++
  return { from, to }
}

/** Which letter carries the tone, as ID cards write it: "hòa", "thúy". The newer way is "hoà", "thuý". */
function placeTone(letters: string[], newer = false): number {
  const { from, to } = nucleus(letters)
  if (from === to) return -1
  for (let i = to - 1; i >= from; i--) if (marked.includes(letters[i].toLowerCase())) return i
  const open = to === letters.length
  switch (to - from) {
    case 1:
      return from
    case 2:
      return open && !(newer && glides(letters, from, to)) ? from : from + 1
    default:
      return from + 1
  }
}

const glides = (letters: string[], from: number, to: number) => ['oa', 'oe', 'uy'].includes(letters.slice(from, to).join('').toLowerCase())

/** Puts a tone on the last syllable; again: the newer place, if there are two; again: takes it away. */
export function putTone(text: string, tone: Tone): string {
  const s = parse(text)
  const older = placeTone(s.letters)
  if (older < 0) return text
  const newer = placeTone(s.letters, true)
  if (s.tone !== tone) return write({ ...s, tone, at: older })
  if (s.at === older && newer !== older) return write({ ...s, at: newer })
  return write({ ...s, tone: undefined })
}

/** Adds a letter; a tone that is there moves to where it now belongs. */
export function putLetter(text: string, letter: string): string {
  const s = parse(text)
  const newer = s.tone !== undefined && s.at === placeTone(s.letters, true) && s.at !== placeTone(s.letters)
  const incoming = parse(letter)
  if (incoming.letters.length !== 1) return text.normalize('NFC') + letter
  s.letters.push(incoming.letters[0])
  if (incoming.tone) {
    s.tone = incoming.tone
    s.at = s.letters.length - 1
  } else if (s.tone) {
    const at = placeTone(s.letters, newer)
    if (at >= 0) s.at = at
  }
  return write(s)
}

/** Adds a key as Telex reads it; the same key again takes back what it did: "as" → "á", "ass" → "as". */
export function putTelex(text: string, key: string): string {
  const k = key.toLowerCase()
  const s = parse(text)
  if (k in telexTones) {
    if (placeTone(s.letters) < 0) return putLetter(text, key)
    const tone = telexTones[k]
    if (s.tone === tone) return write({ ...s, tone: undefined }) + key
    return write({ ...s, tone, at: placeTone(s.letters) })
  }
  if (k === 'z' && s.tone) return write({ ...s, tone: undefined })
  if (k === 'd') return double(s, text, key, 'd', 'đ')
  if (k === 'a') return double(s, text, key, 'a', 'â')
  if (k === 'e') return double(s, text, key, 'e', 'ê')
  if (k === 'o') return double(s, text, key, 'o', 'ô')
  if (k === 'w') return horn(s, text, key)
  return putLetter(text, key)
}

const likeCase = (model: string, letter: string) => (model === model.toUpperCase() ? letter.toUpperCase() : letter)

function retoned(s: Syllable): string {
  if (s.tone) s.at = Math.max(0, placeTone(s.letters))
  return write(s)
}

/** aa → â, aaa → aa; the first letter may stand before final consonants: "tana" → "tân". */
function double(s: Syllable, text: string, key: string, plain: string, other: string): string {
  const { from, to } = nucleus(s.letters)
  const where = plain === 'd' ? [0] : range(from, to)
  if (plain !== 'd' && to < s.letters.length && s.letters.slice(to).some(isVowel)) return putLetter(text, key)
  for (const i of where.reverse()) {
    const now = s.letters[i]?.toLowerCase()
    if (now === plain || (plain === 'a' && now === 'ă') || (plain === 'o' && now === 'ơ')) {
      s.letters[i] = likeCase(s.letters[i], other)
      return retoned(s)
    }
    if (now === other) {
      s.letters[i] = likeCase(s.letters[i], plain)
      return retoned(s) + key
    }
  }
  return putLetter(text, key)
}

/** aw → ă, ow → ơ, uw → ư, uow → ươ; twice takes it back. */
function horn(s: Syllable, text: string, key: string): string {
  const { from, to } = nucleus(s.letters)
  const core = s.letters.slice(from, to).join('').toLowerCase()
  const change = (pairs: [number, string][]) => {
    for (const [i, letter] of pairs) s.letters[from + i] = likeCase(s.letters[from + i], letter)
    return retoned(s)
  }
  const undone = { ă: 'a', ơ: 'o', ư: 'u' } as Record<string, string>
  if (/[ăơư]/.test(core) && !/[oô]/.test(core)) return change([...core].map((c, i) => [i, undone[c] ?? c])) + key
  if (/^u[oôơ]/.test(core) || /^ưo/.test(core)) return change([[0, 'ư'], [1, 'ơ']])
  if (core.startsWith('ua') || core.startsWith('uâ')) return change([[0, 'ư']])
  for (const [plain, letter] of [['a', 'ă'], ['â', 'ă'], ['o', 'ơ'], ['ô', 'ơ'], ['u', 'ư']] as const) {
    const at = core.lastIndexOf(plain)
    if (at >= 0) return change([[at, letter]])
  }
  if (core === '' && s.letters.length > 0) return putLetter(text, likeCase(key, 'ư'))
  return putLetter(text, key)
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
