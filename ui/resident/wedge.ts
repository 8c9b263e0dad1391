/**
 * A scanner that types: plugged in as a keyboard, it writes what it reads where the
 * focus is, far faster than hands do, and presses Enter or Tab. Such a burst is a
 * scan and no input: the field gets its text back, the key presses nothing.
 */
const between = 25 // ms from key to key at most; the fastest typists need 60
const atLeast = 8 // letters; nothing we scan is shorter
const again = 2000 // ms: a code that is held there is read over and over

type Field = HTMLInputElement | HTMLTextAreaElement

const isField = (e: EventTarget | null): e is Field => e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement

export class Wedge {
  #scanned: (text: string) => void
  #text = ''
  #at = -Infinity
  /** The field typed into and what it held before. */
  #field: { element: Field; value: string } | undefined
  #last = { text: '', at: -Infinity }

  constructor(scanned: (text: string) => void) {
    this.#scanned = scanned
  }

  /** Takes a keydown before the page does; true: it was the end of a scan. */
  key(e: KeyboardEvent): boolean {
    if (e.repeat || e.ctrlKey || e.metaKey || e.altKey || e.key === 'Shift' || e.key === 'CapsLock') return false
    const fast = e.timeStamp - this.#at <= between
    this.#at = e.timeStamp
    if (e.key === 'Enter' || e.key === 'Tab') {
      const text = this.#text
      this.#text = ''
      if (!fast || text.length < atLeast || !/[0-9:|]/.test(text)) return false
      e.preventDefault()
      e.stopImmediatePropagation()
      this.#restore()
      if (text !== this.#last.text || e.timeStamp - this.#last.at > again) this.#scanned(text)
      this.#last = { text, at: e.timeStamp }
      return true
    }
    if ([...e.key].length !== 1) return false
    if (!fast) {
      this.#text = ''
      this.#field = isField(e.target) ? { element: e.target, value: e.target.value } : undefined
    }
    this.#text += e.key
    // A blank within a scan must not press the button that has the focus.
    if (e.key === ' ' && this.#text.length > 3 && !isField(e.target)) e.preventDefault()
    return false
  }

  #restore() {
    if (!this.#field) return
    const { element, value } = this.#field
    this.#field = undefined
    element.value = value
    element.dispatchEvent(new Event('input', { bubbles: true }))
  }
}
