/**
 * A scanner that types: plugged in as a keyboard, it writes what it reads where the
 * focus is, far faster than hands do, and presses Enter or Tab. Such a burst is a
 * scan and no input: the field gets its text back, the key presses nothing.
 */
const between = 25 // ms from key to key of a scan; the fastest typists need 60
const share = 0.75 // of a scan's keys come that fast: a busy machine hitches now and then
const apart = 250 // ms: a longer pause begins anew. A busy machine makes shorter ones within a scan
const atLeast = 8 // letters; nothing we scan is shorter
const again = 2000 // ms: a code that is held there is read over and over

type Field = HTMLInputElement | HTMLTextAreaElement

const isField = (e: EventTarget | null): e is Field => e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement

export class Wedge {
  #scanned: (text: string) => void
  #text = ''
  #at = -Infinity
  #gaps: number[] = []
  /** The field typed into and what it held before. */
  #field: { element: Field; value: string } | undefined
  #last = { text: '', at: -Infinity }

  constructor(scanned: (text: string) => void) {
    this.#scanned = scanned
  }

  /** Takes a keydown before the page does; true: it was the end of a scan. */
  key(e: KeyboardEvent): boolean {
    if (e.repeat || e.ctrlKey || e.metaKey || e.altKey || e.key === 'Shift' || e.key === 'CapsLock') return false
    const gap = e.timeStamp - this.#at
    this.#at = e.timeStamp
    // Between keys that hands pressed; not a hitch in what was fast until then.
    const hands = gap > between && this.#gaps.length > 0 && !this.#fast()
    if (gap > apart || hands) this.#begin(e)
    else this.#gaps.push(gap)
    if (e.key === 'Enter' || e.key === 'Tab') {
      const text = this.#text
      const scan = this.#fast() && text.length >= atLeast && /[0-9:|]/.test(text)
      if (scan) this.#restore()
      this.#begin(e)
      if (!scan) return false
      e.preventDefault()
      e.stopImmediatePropagation()
      if (text !== this.#last.text || e.timeStamp - this.#last.at > again) this.#scanned(text)
      this.#last = { text, at: e.timeStamp }
      return true
    }
    if ([...e.key].length !== 1) return false
    this.#text += e.key
    // A blank within a scan must not press the button that has the focus.
    if (e.key === ' ' && this.#text.length > 3 && this.#fast() && !isField(e.target)) e.preventDefault()
    return false
  }

  #begin(e: KeyboardEvent) {
    this.#text = ''
    this.#gaps = []
    this.#field = isField(e.target) ? { element: e.target, value: e.target.value } : undefined
  }

  /** Whether it is a machine that types: hands roll a pair of keys fast, not three of four. */
  #fast(): boolean {
    const quick = this.#gaps.filter((gap) => gap <= between).length
    return quick > 0 && quick >= share * this.#gaps.length
  }

  #restore() {
    if (!this.#field) return
    const { element, value } = this.#field
    element.value = value
    element.dispatchEvent(new Event('input', { bubbles: true }))
  }
}
