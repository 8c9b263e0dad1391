/**
 * Where a screen's actions stand. Forward is jade, bottom right; back is plain,
 * bottom left; start over and help keep their places; what a screen shows in
 * its body is not shown again; all that is left stands beside back. An action
 * this page does not know still gets its button.
 */
interface Places {
  /** The first of these that may be pressed goes forward. */
  forward?: string[]
  /** Likewise to the left. */
  back?: string[]
  /** Drawn by the screen itself. */
  body?: string[]
}

const forward = ['confirm', 'next']
const back = ['back', 'not-me', 'end']

const screens: Record<string, Places> = {
  attract: { forward: [], body: ['quick-ticket', 'start', 'lookup', 'no-card'] },
  'read-card': { forward: ['digits', 'next', 'retry'], body: ['no-card'] },
  sorry: { forward: ['retry', 'next', 'confirm', 'end'], body: ['ticket', 'no-card'] },
  'take-card': { forward: ['next', 'confirm', 'end'], body: ['quick-ticket'] },
  menu: { forward: [], body: ['ticket', 'file', 'lookup', 'checklist'] },
  services: { body: ['service', 'search'] },
  procedures: { body: ['procedure', 'search'] },
  procedure: { forward: ['file', 'start', 'next', 'confirm'], body: ['procedure', 'print', 'reprint', 'ticket', 'checklist', 'printed-yes', 'printed-no'] },
  case: { body: ['case'] },
  papers: { body: ['paper'] },
  review: { body: ['edit'] },
  receipt: { forward: ['next', 'confirm', 'end'], body: ['printed-yes', 'printed-no'] },
  ticket: { forward: ['next', 'confirm', 'end'], body: ['printed-yes', 'printed-no'] },
  lookup: { forward: ['lookup', 'next', 'confirm', 'end'], body: ['print', 'printed-yes', 'printed-no'] },
  help: { forward: ['next', 'confirm', 'back'] },
}

/** Never buttons in the foot: values of something else on the screen. */
const silent = new Set(['hello', 'touch', 'language', 'size', 'contrast', 'reach', 'restart', 'help', 'service', 'procedure', 'case', 'paper', 'edit'])

export interface Foot {
  forward?: string
  back?: string
  restart: boolean
  help: boolean
  others: string[]
}

export function footOf(screen: string, actions: string[], body?: string[]): Foot {
  const places = { ...screens[screen], ...(body && { body }) }
  const first = (wanted: string[]) => wanted.find((a) => actions.includes(a))
  const ahead = first(places.forward ?? forward)
  const behind = first((places.back ?? back).filter((a) => a !== ahead))
  const taken = new Set([ahead, behind, ...(places.body ?? [])])
  return {
    forward: ahead,
    back: behind,
    restart: actions.includes('restart'),
    help: actions.includes('help'),
    others: actions.filter((a) => !taken.has(a) && !silent.has(a)),
  }
}
