/**
 * What the codes of the wire protocol say to people, in both languages.
 *
 * Texts hold placeholders: `{name}` is replaced, and a part in brackets, as in
 * `[{title} ]cần làm gì?`, is left out when one of its values is missing, so a
 * person whose title is unknown is addressed without a pronoun. A sentence that
 * begins with one of them gets its capital: "Anh An cần làm gì?".
 */
import type { Text } from './wire.gen'
import { vi } from './words/vi'
import { en } from './words/en'

export type Lang = 'vi' | 'en'
export type Key = keyof typeof vi
export type Args = Record<string, string | number | undefined>

const books: Record<Lang, Record<string, string>> = { vi, en }

export function langOf(code: string | undefined): Lang {
  return code === 'en' ? 'en' : 'vi'
}

/** Whether the code has words of its own. */
export function knows(key: string): key is Key {
  return key in vi
}

/** The words of a key we wrote ourselves. */
export function say(lang: Lang, key: Key, args: Args = {}): string {
  return fill(books[lang][key] || books.vi[key] || '', args)
}

/**
 * The words of a code that came over the wire: the family's "other" when this
 * page is older than the daemon. A raw code is never shown to anybody.
 */
export function sayCode(lang: Lang, family: string, code: string, args: Args = {}): string {
  const key = `${family}.${code}`
  if (knows(key)) return say(lang, key, args)
  const other = `${family}.other`
  return knows(other) ? say(lang, other, args) : ''
}

/** A text of the catalogue in the person's language, Vietnamese when there is no other. */
export function pick(lang: Lang, text: Text | undefined | null): string {
  if (!text) return ''
  return (lang === 'en' && text.en) || text.vi
}

function fill(template: string, args: Args): string {
  const value = (name: string) => {
    const v = args[name]
    return v === undefined ? '' : String(v)
  }
  const text = template
    .replace(/(^|[.!?]\s+)(?=\[|\{)/g, '$1\u0001') // a sentence that may begin with a title
    .replace(/\[([^\]]*)\]/g, (_, part: string) => {
      const names = [...part.matchAll(/\{(\w+)\}/g)].map((m) => m[1])
      return names.every((n) => value(n) !== '') ? part : ''
    })
    .replace(/\{(\w+)\}/g, (_, name: string) => value(name))
  return text.replace(/\u0001\s*(.?)/gu, (_, letter: string) => letter.toLocaleUpperCase('vi')).trim()
}
