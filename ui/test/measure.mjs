/**
 * Runs in the page: what is cut, off the screen, covered, too small to touch,
 * or shrunk more than is fair.
 * @param {{least: number, foot?: boolean}} o the least a screen's body may shrink to; whether it has a foot
 * @returns {string[]}
 */
export function flaws({ least, foot = true }) {
  /** @type {string[]} */
  const out = []
  const slack = 1.5
  const u = Math.min(innerWidth, innerHeight) / 1080
  const touch = 81 * u // 20 mm at 1920×1080 on 21.5"
  const says = (/** @type {Element} */ e) => {
    const id = e.closest('[data-testid]')?.getAttribute('data-testid')
    return `${e.tagName.toLowerCase()} “${(e.textContent ?? '').trim().slice(0, 30)}” (${id})`
  }
  const shown = (/** @type {Element} */ e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && !e.closest('.seen-not')
  const control = 'button, input, a[href]'
  /** The part of the screen where e can be seen: its clipping ancestors cut off the rest. @param {Element} e */
  const window_ = (e) => {
    const box = { left: 0, top: 0, right: innerWidth, bottom: innerHeight }
    for (let p = e.parentElement; p; p = p.parentElement) {
      const style = getComputedStyle(p)
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue
      const r = p.getBoundingClientRect()
      box.left = Math.max(box.left, r.left)
      box.top = Math.max(box.top, r.top)
      box.right = Math.min(box.right, r.right)
      box.bottom = Math.min(box.bottom, r.bottom)
    }
    return box
  }
  const inside = (/** @type {DOMRect} */ r, /** @type {ReturnType<typeof window_>} */ w) => r.left >= w.left - slack && r.top >= w.top - slack && r.right <= w.right + slack && r.bottom <= w.bottom + slack

  const modal = document.querySelector('[aria-modal="true"]')
  const scope = modal ?? document.body
  for (const e of scope.querySelectorAll('*')) {
    if (!shown(e)) continue
    const own = [...e.childNodes].filter((n) => n.nodeType === 3 && n.textContent?.trim())
    const box = window_(e)
    for (const node of own) {
      const range = document.createRange()
      range.selectNodeContents(node)
      for (const r of range.getClientRects()) if (r.width && !inside(r, box)) out.push(`cut: ${says(e)}`)
      // Text must not run out of the button or card it stands in.
      const holder = e.closest('button, .choice, .word, dl, .paper')
      const card = holder?.getBoundingClientRect()
      if (holder && card) for (const r of range.getClientRects()) if (r.width && (r.left < card.left - slack || r.right > card.right + slack || r.top < card.top - 4 || r.bottom > card.bottom + 4)) out.push(`runs out: ${says(e)}`)
      if (parseFloat(getComputedStyle(e).fontSize) < 17 * u) out.push(`tiny ${getComputedStyle(e).fontSize}: ${says(e)}`)
    }
    // What stands in an empty field is text too, though no range reaches it.
    if (e instanceof HTMLInputElement && e.placeholder && !e.value) {
      const style = getComputedStyle(e)
      const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'))
      pen.font = style.font
      if (style.letterSpacing !== 'normal') pen.letterSpacing = style.letterSpacing
      const room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
      if (pen.measureText(e.placeholder).width > room + slack) out.push(`cut placeholder “${e.placeholder}” (${e.dataset.testid})`)
    }
    if (e.matches(control) || e.matches('img')) {
      const r = e.getBoundingClientRect()
      if (!inside(r, box)) out.push(`cut: ${says(e)}`)
      if (e.matches(control)) {
        if (r.width < touch - slack || r.height < touch - slack) {
          const key = e.matches('.key') // keys stand close together: their gaps belong to them
          if (!key || r.width + 9 * u < 68 * u || r.height + 9 * u < 72 * u) out.push(`small ${Math.round(r.width)}×${Math.round(r.height)}: ${says(e)}`)
        }
        if (e.matches('button:disabled')) continue
        // Nothing lies over it.
        const top = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2)
        if (top && top !== e && !e.contains(top) && !top.contains(e) && !(e.closest('label') && e.closest('label') === top.closest('label'))) out.push(`covered by ${says(top)}: ${says(e)}`)
      }
    }
  }
  if (!modal) {
    const forward = document.querySelector('footer .go')
    if (forward && !inside(forward.getBoundingClientRect(), { left: 0, top: 0, right: innerWidth, bottom: innerHeight })) out.push('the forward button leaves the screen')
    const fit = Number(document.querySelector('[data-room]')?.getAttribute('style')?.match(/--fit:\s*([\d.]+)/)?.[1] ?? 1)
    if (fit < least) out.push(`shrunk to ${fit}`)
    if (foot && document.querySelector('footer')?.getClientRects().length !== 1) out.push('no foot')
  }
  return [...new Set(out)]
}
