package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/wire"
)

// Programs of earlier versions, a folder each with kiosk and provisioning, are named in
// TIEPDAN_OLD (deploy/test-upgrade.sh builds them): the centre is upgraded under a kiosk of
// such a version with a backlog, which goes on filing; then the kiosk is, with another.
// Everything that was promised is at One-Stop once, and the old version is not started on
// the new one's data unawares.
func TestUpgrade(t *testing.T) {
	old := strings.Fields(os.Getenv("TIEPDAN_OLD"))
	if len(old) == 0 {
		t.Skip("no programs of earlier versions: deploy/test-upgrade.sh")
	}
	built = true
	now, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	for _, bin := range old {
		t.Run(filepath.Base(bin), func(t *testing.T) {
			r := newRigOf(t, bin)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			var promised []string
			people := []string{"an", "binh"} // the same code twice within seconds is one scan
			file := func() {
				t.Helper()
				p := &page{addr: r.Kiosk}
				defer p.close()
				if err := p.connect(ctx); err != nil {
					t.Fatal(err)
				}
				number, err := r.fileOnce(ctx, p, people[len(promised)%len(people)], serviceOf[residence], residence)
				if err != nil {
					t.Fatalf("dossier %d, on %s (%v): %v", len(promised)+1, p.view.Name, p.view.Actions, err)
				}
				promised = append(promised, strings.ReplaceAll(number, "-", ""))
				if err := p.await(ctx, func(v wire.View) bool {
					return v.Receipt == nil || v.Receipt.State == "kept" || v.Receipt.State == "sent"
				}); err != nil {
					t.Fatal(err)
				}
				if err := r.leave(ctx, p); err != nil {
					t.Fatalf("after %d, on %s (%v): %v", len(promised), p.view.Name, p.view.Actions, err)
				}
			}
			arrived := func() {
				t.Helper()
				until(t, 40*time.Second, "what was promised", func() error {
					items, err := r.oneStop(ctx)
					if err != nil {
						return err
					}
					var there []string
					for _, i := range items {
						there = append(there, i.MaHoSoNguon)
					}
					if slices.Sort(there); len(there) != len(promised) {
						return fmt.Errorf("%d there, %d promised", len(there), len(promised))
					}
					want := slices.Sorted(slices.Values(promised))
					if !slices.Equal(there, want) {
						t.Fatalf("%v there, %v promised", there, want)
					}
					return nil
				})
			}
			backlog := func(up string) {
				if err := r.sim(http.MethodPost, "link", map[string]string{"state": up}); err != nil {
					t.Fatal(err)
				}
			}
			file()
			arrived()
			backlog("down")
			file()
			file()

			r.centre.kill()
			r.bin = now
			r.startCentre() // under the old kiosk
			backlog("up")
			arrived()
			file()
			arrived()

			backlog("down")
			file()
			r.kiosk.kill()
			r.startKiosk() // its line is whole again with it
			arrived()
			file()
			arrived()
			p := &page{addr: r.Kiosk}
			defer p.close()
			if err := p.connect(ctx); err != nil {
				t.Fatal(err)
			}
			if err := p.await(ctx, func(v wire.View) bool { return v.Attract != nil }); err != nil {
				t.Fatal(err)
			}

			r.kiosk.kill()
			r.bin = bin
			down := r.startMaybe("kiosk of before", r.Kiosk, "kiosk", "run", "-sim", "-addr", r.Kiosk, "-data", r.data+"/kiosk")
			select {
			case <-down.ended:
				b, _ := os.ReadFile(down.log)
				if !strings.Contains(string(b), "newer version") {
					t.Errorf("the version of before does not say why it refuses:\n%s", b)
				}
			case <-time.After(10 * time.Second):
				down.kill()
				t.Log("the data of the new version is that of the one before: it may go back")
			}
			r.bin = now
			r.startKiosk()
			file()
			arrived()
		})
	}
}
