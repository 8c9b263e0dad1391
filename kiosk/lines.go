package main

import (
	"bytes"
	"sync"
)

// lines keeps the last of what is written to it, whole lines only, for whoever asks what a
// kiosk far away says. A log is nobody's (tests look), so neither is this.
type lines struct {
	mu   sync.Mutex
	text []byte
}

// keepLines is about two hundred of them.
const keepLines = 32 << 10

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - keepLines; over > 0 {
		from := over
		if end := bytes.IndexByte(l.text[over:], '\n'); end >= 0 {
			from = over + end + 1
		}
		l.text = append(l.text[:0], l.text[from:]...)
	}
	return len(p), nil
}

// String is what is kept.
func (l *lines) String() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
