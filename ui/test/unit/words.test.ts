import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { knows, pick, say, sayCode, type Key } from '../../shared/words'
import { en } from '../../shared/words/en'
import { vi } from '../../shared/words/vi'

const go = (path: string) => readFileSync(new URL(`../../../kiosk/${path}`, import.meta.url), 'utf8')

/** Codes listed in the comment behind a field of a Go struct: `// lay | wait-key | …`. */
function listed(source: string, struct: string, field: string): string[] {
  const body = new RegExp(`type ${struct} struct \\{([^]*?)\\n\\}`).exec(source)?.[1] ?? ''
  const comment = new RegExp(`^\\s*${field}\\s[^\\n]*//([^\\n]*)`, 'm').exec(body)?.[1] ?? ''
  return comment
    .replace(/\([^)]*\)|^[^|]*: (?=[a-z-]+ \|)/g, '')
    .split('|')
    .map((part) => /^[\s"]*([a-z0-9][a-z0-9-]*)/.exec(part)?.[1] ?? '')
    .filter((code) => code !== '' && part(code))
}
const part = (code: string) => !['a', 'of', 'printer', 'one'].includes(code)

/** Every code the daemon's contract names, and the family of words it belongs to. */
const families: [struct: string, field: string, family: string, least: number][] = [
  ['Comfort', 'Lang', 'lang', 2], ['Comfort', 'Size', 'size', 4], ['Comfort', 'Contrast', 'contrast', 4], ['Ask', 'Code', 'ask', 2], ['Attract', 'WhyNot', 'why', 2],
  ['ReadCard', 'State', 'read', 7], ['Reading', 'Stage', 'reading', 4], ['Verdict', 'Words', '', 5], ['Menu', 'WhyNot', 'why', 4], ['Services', 'For', 'services', 3],
  ['Procedure', 'WhyNot', 'why', 7], ['Receipt', 'State', 'receipt', 6], ['Print', 'Why', 'why', 3], ['Lookup', 'State', 'lookup', 6], ['Sorry', 'Code', 'sorry', 4], ['Fact', 'Source', 'source', 5],
]

describe('every code of the contract has words', () => {
  const view = go('wire/view.go')
  test.each(families)('%s.%s', (struct, field, family, least) => {
    const codes = listed(view, struct, field)
    expect(codes.length, `codes in the comment of ${struct}.${field}: ${codes}`).toBeGreaterThanOrEqual(least)
    for (const code of codes) {
      const key = family ? `${family}.${code}` : code.replace('verdict-', 'verdict.')
      expect(knows(key), key).toBe(true)
    }
  })

  test('actions of the session', () => {
    const press = go('session/press.go')
    const actions = /func \(s State\) Actions[^]*?\n\}/.exec(press)![0].match(/"[a-z]+(-[a-z]+)*"/g)!.map((a) => a.slice(1, -1))
    expect(actions.length).toBeGreaterThan(30)
    for (const action of new Set(actions)) expect(knows(`action.${action}`), action).toBe(true)
  })

  test('reasons an answer is refused for', () => {
    const codes = [...go('catalogue/answer.go').matchAll(/Problem = "([a-z-]+)"/g)].map((m) => m[1])
    expect(codes.length).toBeGreaterThan(15)
    for (const code of codes) expect(knows(`notice.${code}`), code).toBe(true)
  })

  test('notices and excuses of the session', () => {
    const session = readdirSync(new URL('../../../kiosk/session/', import.meta.url)).filter((f) => f.endsWith('.go') && !f.endsWith('_test.go')).map((f) => go(`session/${f}`)).join('\n')
    const notices = [...session.matchAll(/Notice\{Code: "([a-z-]+)"/g)].map((m) => m[1])
    expect(notices.length).toBeGreaterThan(4)
    for (const code of notices) expect(knows(`notice.${code}`), code).toBe(true)
    const sorries = [...session.matchAll(/^\s*sorry\w+\s*= "([a-z-]+)"/gm)].map((m) => m[1])
    expect(sorries.length).toBeGreaterThan(3)
    for (const code of sorries) {
      expect(knows(`sorry.${code}`), code).toBe(true)
      expect(knows(`sorry.${code}.more`), code).toBe(true)
    }
  })

  test('health conditions', () => {
    const source = go('health/conditions.go')
    const centres = /func ByCentre.*/.exec(source)?.[0] ?? '' // these are of kiosks that say nothing, and never reach a kiosk's screen
    const codes = [...source.matchAll(/^\s+([A-Z]\w+)\s+= "([a-z-]+)"/gm)].filter((m) => !centres.includes(m[1])).map((m) => m[2])
    expect(codes.length).toBeGreaterThan(10)
    for (const code of codes) expect(knows(`health.${code}`), code).toBe(true)
  })

  test('examples', () => {
    const dir = new URL('../../../kiosk/wire/testdata/', import.meta.url)
    if (!existsSync(dir)) return
    const views = readdirSync(dir).filter((f) => f.endsWith('.json')).map((f) => JSON.parse(readFileSync(new URL(f, dir), 'utf8')))
    expect(views.length).toBeGreaterThan(20)
    for (const v of views.filter((v) => v.name)) {
      for (const action of v.actions) expect(knows(`action.${action}`), action).toBe(true)
      if (v.notice) expect(knows(`notice.${v.notice.code}`), v.notice.code).toBe(true)
      if (v.ask) expect(knows(`ask.${v.ask.code}`), v.ask.code).toBe(true)
      if (v.question?.error) expect(knows(`notice.${v.question.error.code}`), v.question.error.code).toBe(true)
      if (v.question?.source) expect(knows(`source.${v.question.source}`), v.question.source).toBe(true)
      for (const section of v.review?.sections ?? []) {
        expect(Boolean(section.name) || knows(`section.${section.code}`), section.code).toBe(true)
        for (const fact of section.facts) expect(Boolean(fact.label) || knows(`fact.${fact.name}`), fact.name).toBe(true)
      }
      for (const fact of v.identity?.facts ?? []) expect(knows(`fact.${fact.name}`), fact.name).toBe(true)
    }
  })
})

test('both languages, with the same placeholders outside brackets', () => {
  for (const key of Object.keys(vi) as Key[]) {
    expect(en[key], key).not.toBe('')
    expect(vi[key], key).not.toBe('')
    const names = (text: string) => new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).filter((n) => n !== 'title' && n !== 'name'))
    if (key !== 'question.source' && key !== 'idle.title') expect(names(en[key]), key).toEqual(names(vi[key]))
  }
})

test('no Vietnamese text lacks its accents, no text is English by mistake', () => {
  const plain = Object.entries(vi).filter(([, text]) => text.length > 12 && !/[^\x00-\x7f·…–“”’|]/.test(text))
  expect(plain).toEqual([])
})

test.each([
  ['identity.title', { title: 'anh', name: 'An' }, 'Chào anh An'],
  ['identity.title', { title: '', name: 'An' }, 'Chào An'],
  ['menu.title', { title: 'bà', name: 'Bình' }, 'Bà Bình cần làm gì?'],
  ['menu.title', { name: '' }, 'Cần làm gì?'],
  ['services.ticket', { title: 'chị' }, 'Chị cần gặp cán bộ về việc gì?'],
  ['services.ticket', {}, 'Cần gặp cán bộ về việc gì?'],
  ['identity.lead', { title: 'ông' }, 'Có đúng là thẻ của mình không? Nếu địa chỉ đã đổi, ông sửa được khi điền hồ sơ.'],
  ['identity.lead', {}, 'Có đúng là thẻ của mình không? Nếu địa chỉ đã đổi, sửa được khi điền hồ sơ.'],
  ['take.title', { title: 'bạn' }, 'Mời bạn lấy thẻ'],
  ['take.title', {}, 'Mời lấy thẻ'],
] as [Key, Record<string, string>, string][])('%s %o', (key, args, want) => expect(say('vi', key, args)).toBe(want))

test('the promises are worded exactly', () => {
  expect(say('vi', 'receipt.sent')).toBe('Đã gửi hồ sơ, chờ cán bộ tiếp nhận')
  expect(say('vi', 'receipt.kept')).toBe('Hồ sơ đã được giữ an toàn trong máy và tự gửi khi có mạng. Không cần chờ; mã hồ sơ sẽ có sau.')
  expect(say('vi', 'verdict.failed')).toBe('Máy chưa xác nhận được thẻ này. Mời lấy số để gặp cán bộ.')
  expect(say('vi', 'verdict.read')).toBe('Đã đọc thẻ')
  expect(say('vi', 'verdict.anchored')).toBe('Dữ liệu trên thẻ nguyên vẹn; chưa kiểm tra được chip có bị sao chép không')
  expect(say('vi', 'fact.residencePlace@2021')).toBe('Nơi thường trú')
  expect(say('vi', 'fact.residencePlace@2024')).toBe('Nơi cư trú')
})

test('an unknown code says something calm, never itself', () => {
  expect(sayCode('vi', 'notice', 'brand-new')).toBe(vi['notice.other'])
  expect(sayCode('en', 'sorry', 'brand-new')).toBe(en['sorry.other'])
  expect(pick('en', { vi: 'Chỉ tiếng Việt', en: '' })).toBe('Chỉ tiếng Việt')
})
