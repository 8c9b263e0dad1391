import { knows } from '../shared/words'
import type { Fact } from '../shared/wire.gen'
import type { Kiosk } from './kiosk.svelte'

/** The catalogue's label, or the card's own ("2021", "2024"), or ours. */
export function labelOf(kiosk: Kiosk, fact: Fact, labels = ''): string {
  if (fact.label) return kiosk.pick(fact.label)
  const own = `fact.${fact.name}@${labels}`
  return knows(own) ? kiosk.t(own) : kiosk.code('fact', fact.name)
}

export function valueOf(kiosk: Kiosk, fact: Fact): string {
  return kiosk.pick(fact.text) || fact.value || kiosk.t('review.empty')
}
