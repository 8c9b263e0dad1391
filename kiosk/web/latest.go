package web

import "sync"

// latest fans the newest value out to subscribers. A slow subscriber skips
// values; it never blocks the publisher and never sees them out of order.
type latest[T any] struct {
	mu   sync.Mutex
	val  T
	subs map[chan T]struct{}
}

func (l *latest[T]) publish(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.val = v
	for c := range l.subs {
		select {
		case <-c:
		default:
		}
		c <- v // never blocks: only publish sends, under the lock, into a drained buffer of one
	}
}

// subscribe returns a channel that already holds the current value: no value
// can fall between reading the present and hearing of the future.
func (l *latest[T]) subscribe() (_ <-chan T, cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := make(chan T, 1)
	c <- l.val
	if l.subs == nil {
		l.subs = map[chan T]struct{}{}
	}
	l.subs[c] = struct{}{}
	return c, func() { l.mu.Lock(); delete(l.subs, c); l.mu.Unlock() }
}

func (l *latest[T]) now() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.val
}
