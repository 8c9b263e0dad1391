/**
 * Makes a screen fit its room, whatever the size of text and format of screen:
 * lists are paged ("Xem thêm"), and only where even one item a page is too much
 * the body of the screen shrinks: never below the next smaller size, and where
 * that is still too much the page is laid out in that smaller size, so that a
 * larger size never comes out smaller. Nothing is ever cut.
 *
 * A screen's body is one element with [data-room]; lists in it register as
 * {@link Paged}. {@link Room.settle} measures synchronously, before paint.
 */
import { getContext, setContext, untrack } from 'svelte'

export interface Paged {
  /** Lays the list out anew in the height it has now; false: one item is higher than that. */
  layout(): boolean
}

/** From the largest on: how far the text of a size may shrink before it were smaller than the next one's. */
const steps: [size: string, fits: number[]][] = [
  ['xl', [1, 0.94, 0.88, 0.83, 0.785]],
  ['l', [1, 0.94, 0.88, 0.83, 0.78]],
  ['m', [1, 0.94, 0.88, 0.86]],
  ['s', [1, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64, 0.58, 0.52, 0.46]],
]

export class Room {
  #body: HTMLElement | undefined
  #lists = new Set<Paged>()
  #settling = false
  #chosen = 'm'

  /** The person's text size; the page gets it, or the largest below it that has room. */
  choose(size: string) {
    this.#chosen = steps.some(([known]) => known === size) ? size : 'm'
    document.documentElement.dataset.chosen = this.#chosen
    document.documentElement.dataset.size = this.#chosen
    this.settle()
  }

  /** Watches body: its size, and whatever is put into it or taken out. */
  watch = (body: HTMLElement) => {
    this.#body = body
    const settle = () => this.settle()
    const size = new ResizeObserver(settle)
    size.observe(body)
    const content = new MutationObserver(settle)
    content.observe(body, { childList: true, subtree: true, characterData: true })
    document.fonts.addEventListener('loadingdone', settle)
    void document.fonts.ready.then(settle)
    body.addEventListener('load', settle, { capture: true }) // pictures
    settle()
    return {
      destroy: () => {
        size.disconnect()
        content.disconnect()
        document.fonts.removeEventListener('loadingdone', settle)
        body.removeEventListener('load', settle, { capture: true })
        this.#body = undefined
      },
    }
  }

  add(list: Paged): () => void {
    this.#lists.add(list)
    return () => this.#lists.delete(list)
  }

  /** Measures and lays out. An effect that calls it does not come to depend on what is measured. */
  settle() {
    untrack(() => this.#settle())
  }

  #settle() {
    const body = this.#body
    if (!body || this.#settling || !body.clientHeight) return
    this.#settling = true
    const from = steps.findIndex(([size]) => size === this.#chosen)
    found: for (const [size, fits] of steps.slice(Math.max(0, from))) {
      document.documentElement.dataset.size = size
      for (const fit of fits) if (this.#fits(body, fit)) break found
    }
    this.#settling = false
  }

  #fits(body: HTMLElement, fit: number): boolean {
    body.style.setProperty('--fit', String(fit))
    let roomy = true
    for (const list of this.#lists) roomy = list.layout() && roomy
    return roomy && body.scrollHeight <= body.clientHeight + 1 && body.scrollWidth <= body.clientWidth + 1
  }
}

const key = Symbol('room')
export const provideRoom = (r: Room) => setContext(key, r)
export const useRoom = () => getContext<Room>(key)
