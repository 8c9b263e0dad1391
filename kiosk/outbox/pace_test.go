package outbox_test

import (
	"context"
	"testing"
	"time"

	"tiepdan/kiosk/dossier"
)

// Papers go no faster than the line is given for them, and make way for a dossier without
// any that is recorded meanwhile; then they go on, and all arrive once.
func TestPace(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		const perSecond = 32 << 10 // 256 kbit/s
		w.box.Pace = func(ctx context.Context, bytes int) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(bytes) * time.Second / perSecond):
				return nil
			}
		}
		began := time.Now()
		slow := w.record(make([]byte, 1<<20))
		w.after(10 * time.Second)
		quick := w.record()
		w.after(10 * time.Second) // a piece of 256 KiB takes 8 s
		if filed := w.centre.Filed(); len(filed) != 1 || filed[0].Dossier.Receipt != quick {
			t.Errorf("%d filed: papers do not make way", len(filed))
		}
		for len(w.centre.Filed()) < 2 && time.Since(began) < time.Hour {
			w.after(time.Second)
		}
		if took := time.Since(began); took < 32*time.Second || took > 50*time.Second {
			t.Errorf("a page of 1 MB at 256 kbit/s took %v", took)
		}
		w.filedOnce([]dossier.ReceiptNumber{quick, slow}...)
	})
}
