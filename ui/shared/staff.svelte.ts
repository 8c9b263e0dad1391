/** Words of the staff's pages stand where they are used, in both languages; which one is kept on this machine. */
import { langOf, pick, type Lang } from './words'
import type { Text } from './wire.gen'

const key = 'staff-lang'

class Staff {
  lang = $state<Lang>(langOf(localStorage.getItem(key) ?? 'vi'))

  w = (vi: string, en: string): string => (this.lang === 'en' ? en : vi)
  pick = (text: Text): string => pick(this.lang, text)

  toggle() {
    this.lang = this.lang === 'vi' ? 'en' : 'vi'
    localStorage.setItem(key, this.lang)
    document.documentElement.lang = this.lang
  }
}

export const staff = new Staff()
document.documentElement.lang = staff.lang
