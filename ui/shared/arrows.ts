/**
 * Arrow keys move the focus to the nearest control in that direction, so that
 * a keypad with arrows and Enter reaches everything. Fields keep the arrows
 * they need: left and right in a text, all four among radio buttons.
 */
const ways: Record<string, [number, number]> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }
const controls = 'button:not(:disabled), input:not(:disabled), a[href], [tabindex="0"]'

export function moveFocus(e: KeyboardEvent) {
  const way = ways[e.key]
  if (!way || e.defaultPrevented || e.altKey || e.ctrlKey || e.metaKey) return
  const from = document.activeElement
  if (from instanceof HTMLInputElement) {
    if (from.type === 'radio') return
    if (from.type !== 'checkbox' && way[0] !== 0) return
  }
  const scope = document.querySelector<HTMLElement>('[aria-modal="true"]') ?? document.body
  const to = nearest(from, way, [...scope.querySelectorAll<HTMLElement>(controls)].filter(reachable))
  if (!to) return
  e.preventDefault()
  to.focus()
}

function reachable(e: HTMLElement): boolean {
  return e.tabIndex >= 0 && !e.closest('[inert]') && e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0
}

function nearest(from: Element | null, [dx, dy]: [number, number], all: HTMLElement[]): HTMLElement | undefined {
  if (!from || from === document.body || !(from instanceof HTMLElement) || from.tabIndex < 0) return all[0]
  const a = from.getBoundingClientRect()
  let best: HTMLElement | undefined
  let least = Infinity
  for (const e of all) {
    if (e === from) continue
    const b = e.getBoundingClientRect()
    // How far ahead, and how far aside where the two do not face each other.
    const ahead = dx ? (dx > 0 ? b.left - a.right : a.left - b.right) : dy > 0 ? b.top - a.bottom : a.top - b.bottom
    if (ahead < -4) continue
    const aside = dx ? Math.max(0, b.top - a.bottom, a.top - b.bottom) : Math.max(0, b.left - a.right, a.left - b.right)
    const centre = dx ? Math.abs(b.top + b.bottom - a.top - a.bottom) : Math.abs(b.left + b.right - a.left - a.right)
    const cost = Math.max(0, ahead) + 4 * aside + centre / 20
    if (cost < least) {
      least = cost
      best = e
    }
  }
  return best
}
