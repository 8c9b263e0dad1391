/** Where one is: `#/page/rest?query`. Links and the browser's own back and forward do the moving. */
class Place {
  page = $state('overview')
  rest = $state('')
  query = $state.raw(new URLSearchParams())

  constructor() {
    this.read()
    addEventListener('hashchange', () => this.read())
  }

  private read() {
    const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?')
    const [page, ...rest] = path.split('/')
    this.page = page || 'overview'
    this.rest = decodeURIComponent(rest.join('/'))
    this.query = new URLSearchParams(query)
  }
}

export const place = new Place()

/** Goes there; on the page one is already on it leaves no trace in the history. */
export function reach(page: string, query: Record<string, string> = {}) {
  const kept = new URLSearchParams(Object.entries(query).filter(([, v]) => v))
  const hash = `#/${page}${kept.size ? `?${kept}` : ''}`
  if (place.page !== page) location.hash = hash
  else {
    history.replaceState(null, '', hash)
    dispatchEvent(new Event('hashchange'))
  }
}

/** A receipt number as people type it, or nothing: twelve letters and digits, dashes where they like. */
export function receiptNumber(text: string): string {
  const bare = text.toUpperCase().replace(/[\s-]/g, '')
  return /^[0-9A-Z]{12}$/.test(bare) ? bare.replace(/(.{4})(?=.)/g, '$1-') : ''
}
