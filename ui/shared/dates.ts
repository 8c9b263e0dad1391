/** Dates as people type them here: day, month, year; a day or month nobody knows may be left out. */

/** Puts the slashes in while digits are typed, and leaves what was typed with signs alone. Partial: a year alone is an answer too. */
export function maskDate(typed: string, partial = false): string {
  const clean = typed.replace(/[.\-\s]+/g, '/').replace(/[^\d/]/g, '').replace(/\/+/g, '/')
  if (clean.includes('/')) {
    return clean
      .split('/')
      .slice(0, 3)
      .map((part, i, all) => {
        const digits = part.slice(0, i === all.length - 1 ? 4 : 2)
        return i < all.length - 1 && digits.length === 1 ? '0' + digits : digits
      })
      .reduce((text, part, i, all) => {
        // "20/051999": the year runs on after two digits of the month.
        if (i === 1 && all.length === 2 && part.length > 2 && text.length === 2 && !isYear(part)) return `${text}/${part.slice(0, 2)}/${part.slice(2)}`
        return i ? `${text}/${part}` : part
      }, '')
      .slice(0, 10)
  }
  if (clean.length <= 2 || (partial && clean.length <= 4 && isYear(clean))) return clean
  if (clean.length <= 4) return `${clean.slice(0, 2)}/${clean.slice(2)}`
  return `${clean.slice(0, 2)}/${clean.slice(2, 4)}/${clean.slice(4, 8)}`
}

const isYear = (text: string) => /^(19|20)\d{0,2}$/.test(text)

/** The parts of a whole date that is in the calendar. */
export function dateWords(text: string): { d: number; m: number; y: number } | undefined {
  const found = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text.trim())
  if (!found) return undefined
  const [d, m, y] = found.slice(1).map(Number)
  const date = new Date(Date.UTC(y, m - 1, d))
  if (y < 1000 || date.getUTCFullYear() !== y || date.getUTCMonth() !== m - 1 || date.getUTCDate() !== d) return undefined
  return { d, m, y }
}
