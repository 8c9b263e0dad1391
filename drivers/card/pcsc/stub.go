//go:build !pcsc

package pcsc

import (
	"context"
	"errors"

	"tiepdan/drivers/card"
)

// Built tells whether this build reaches real readers.
const Built = false

var errNotBuilt = errors.New("this build reaches no smart-card readers: build with -tags pcsc (needs cgo and libpcsclite-dev)")

// Reader is no reader in this build.
type Reader struct{}

// New returns a reader that is never there.
func New(string) *Reader { return &Reader{} }

// List fails, saying how to build.
func List() ([]string, error) { return nil, errNotBuilt }

// Watch reports that there is no reader, until ctx is done.
func (*Reader) Watch(ctx context.Context, emit func(card.Level)) error {
	emit(card.NoReader)
	<-ctx.Done()
	return ctx.Err()
}

// Connect fails, saying how to build.
func (*Reader) Connect() (card.Transport, error) { return nil, errNotBuilt }
