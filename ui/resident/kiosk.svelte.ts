/**
 * The resident's page as it is: the newest View, whether the daemon is there,
 * and what pressing does. Nothing of a person is kept here but the visit's
 * random token, in sessionStorage, so that a reload finds its visit.
 */
import { getContext, setContext } from 'svelte'
import { openLine, type Line } from '../shared/line'
import { knows, langOf, pick, say, sayCode, type Args, type Key } from '../shared/words'
import { footOf } from './places'
import type { Command, Notice, Text, View } from '../shared/wire.gen'

const tokenKey = 'visit'
const touchEvery = 1000 // a sign of life at most once a second
const calmBefore = 600 // a hiccup this short is not worth a word

export class Kiosk {
  view = $state.raw<View>()
  /** Lost for long enough to say so. */
  lost = $state(false)
  /** When the daemon was last heard. */
  heard = $state.raw<Date>()
  comfortOpen = $state(false)

  lang = $derived(langOf(this.view?.comfort.lang))
  /** What the screen draws itself just now, where that differs from its usual. */
  body = $state.raw<string[]>()
  foot = $derived(footOf(this.view?.name ?? '', this.view?.ask ? [] : (this.view?.actions ?? []), this.body))

  /** What the screen wants sent along with forward: its typed text, its ticks. */
  answer: (() => { value?: string; values?: Record<string, string> }) | undefined

  #line: Line | undefined
  #touched = 0
  #lostTimer: ReturnType<typeof setTimeout> | undefined

  open() {
    this.#lostTimer = setTimeout(() => (this.lost = true), calmBefore)
    this.#line = openLine<View>({
      path: '/ws',
      greet: () => ({ action: 'hello', visit: sessionStorage.getItem(tokenKey) ?? '', screen: 0 }) satisfies Command,
      onValue: (view) => this.show(view),
      onState: (up) => {
        clearTimeout(this.#lostTimer)
        if (up) this.lost = false
        else this.#lostTimer = setTimeout(() => (this.lost = true), calmBefore)
      },
    })
  }

  show(view: View) {
    if (view.visit) sessionStorage.setItem(tokenKey, view.visit)
    else {
      sessionStorage.removeItem(tokenKey)
      if (this.view?.visit) this.comfortOpen = false // the visit ended; before one begins the sheet may stay
    }
    this.view = view
    this.heard = new Date()
  }

  /** Whether the action may be pressed now. */
  may(action: string): boolean {
    return this.view?.actions?.includes(action) ?? false
  }

  press(action: string, value?: string, values?: Record<string, string>) {
    if (!this.view) return
    const command: Command = { action, screen: this.view.screen }
    if (value !== undefined) command.value = value
    if (values !== undefined) command.values = values
    this.#touched = Date.now() // a press is a sign of life too
    this.#line?.send(command)
  }

  /** The jade button, or Enter in a field. */
  forward() {
    if (!this.foot.forward) return
    const { value, values } = this.answer?.() ?? {}
    this.press(this.foot.forward, value, values)
  }

  /** What a scanner typed that is plugged in as a keyboard. */
  scan(text: string) {
    if (this.view) this.#line?.send({ action: 'scan', value: text, screen: this.view.screen } satisfies Command)
  }

  touch() {
    const now = Date.now()
    if (!this.view || now - this.#touched < touchEvery) return
    this.#touched = now
    this.#line?.send({ action: 'touch', screen: this.view.screen } satisfies Command)
  }

  // ---- words ----

  t(key: Key, args: Args = {}): string {
    const who = this.view?.who
    return say(this.lang, key, { title: who?.title, name: who?.given, ...args })
  }

  code(family: string, code: string, args: Args = {}): string {
    const who = this.view?.who
    return sayCode(this.lang, family, code, { title: who?.title, name: who?.given, ...args })
  }

  pick(text: Text | undefined | null): string {
    return pick(this.lang, text)
  }

  notice(n: Notice): string {
    return this.code('notice', n.code, n.args)
  }

  /** What a button says: on this screen, or everywhere. */
  label(action: string): string {
    const here = `action.${action}@${this.view?.name}${answered(this.view) ? '-found' : ''}`
    if (knows(here)) return this.t(here)
    return this.code('action', action) || action
  }
}

/** The look-up has told what it was asked. */
const answered = (view?: View) => /^(found|ticket-)/.test(view?.lookup?.state ?? '')

const key = Symbol('kiosk')
export const provideKiosk = (k: Kiosk) => setContext(key, k)
export const useKiosk = () => getContext<Kiosk>(key)
