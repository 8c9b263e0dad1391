package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/staff"
)

// A ward is kiosks that take what they are told, or don't.
type ward struct {
	rs    *fleet.Rollouts
	told  []string
	stand map[string]*fleet.Standing
	takes bool // at once
	now   time.Time
}

func newWard(t *testing.T, n int) *ward {
	t.Helper()
	rs, err := fleet.OpenRollouts(t.Context(), newJetStream(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{rs: rs, stand: map[string]*fleet.Standing{}, takes: true, now: time.Now()}
	r := fleet.Rollout{ID: "r1", By: "lan", At: w.now, Change: "phone: \"1022\""}
	for i := range n {
		id := fmt.Sprintf("00004-%03d", i)
		r.Kiosks = append(r.Kiosks, id)
		w.stand[id] = &fleet.Standing{Place: fleet.Place{ID: id, Unit: "00004"}, Colour: fleet.Green}
	}
	rs.Standings = func(context.Context) ([]fleet.Standing, error) {
		var all []fleet.Standing
		for _, st := range w.stand {
			all = append(all, *st)
		}
		return all, nil
	}
	rs.Apply = func(_ context.Context, kiosk string, _ fleet.Rollout) (fleet.Ask, error) {
		w.told = append(w.told, kiosk)
		if w.takes {
			w.stand[kiosk].Config = "new"
		}
		return fleet.Ask{Config: "new"}, nil
	}
	if err := rs.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return w
}

// step steps once, some seconds later, and tells how the rollout stands.
func (w *ward) step(t *testing.T, later time.Duration) fleet.Rollout {
	t.Helper()
	w.now = w.now.Add(later)
	if err := w.rs.Step(t.Context(), w.now); err != nil {
		t.Fatal(err)
	}
	all, err := w.rs.All(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

// One, a tenth, all; each wave only when the one before has taken it.
func TestRolloutWaves(t *testing.T) {
	for n, waves := range map[int][]int{1: {1}, 2: {1, 2}, 40: {1, 4, 40}, 6000: {1, 501, 600, 1100, 1600, 2100, 2600, 3100, 3600, 4100, 4600, 5100, 5600, 6000}} {
		w := newWard(t, n)
		for _, want := range waves {
			if r := w.step(t, time.Second); r.Done != want || len(w.told) != want || r.State != fleet.Running {
				t.Fatalf("of %d: %d told, %s %s; want %d", n, len(w.told), r.State, r.Why, want)
			}
		}
		if r := w.step(t, time.Second); r.State != fleet.Finished {
			t.Errorf("of %d: %s %s", n, r.State, r.Why)
		}
		if slices.Sort(w.told); len(slices.Compact(w.told)) != n {
			t.Errorf("of %d some were told twice", n)
		}
	}
}

// A kiosk that refuses halts it after the first wave; so does one that never takes it;
// one that is silent holds up nobody.
func TestRolloutHalts(t *testing.T) {
	w := newWard(t, 40)
	w.takes = false
	w.step(t, time.Second)
	w.stand["00004-000"].Conditions = []health.Condition{{Code: health.ConfigRefused}}
	if r := w.step(t, time.Second); r.State != fleet.Halted || !strings.Contains(r.Why, "00004-000") || len(w.told) != 1 {
		t.Errorf("refused: %+v", r)
	}
	w = newWard(t, 40)
	w.takes = false
	w.step(t, time.Second)
	if r := w.step(t, time.Minute); r.State != fleet.Running || r.Done != 1 {
		t.Errorf("somebody stands there: %+v", r)
	}
	if r := w.step(t, 10*time.Minute); r.State != fleet.Halted {
		t.Errorf("never taken: %+v", r)
	}
	w = newWard(t, 40)
	w.takes = false
	w.stand["00004-000"].Colour = fleet.Grey
	w.step(t, time.Second)
	if r := w.step(t, time.Second); r.Done != 4 {
		t.Errorf("asleep: %+v", r)
	}
	if err := w.rs.Stop(t.Context(), "r1", w.now, func(fleet.Rollout) bool { return false }); !errors.Is(err, fleet.ErrNoRollout) {
		t.Error("stopped by who may not:", err)
	}
	if err := w.rs.Stop(t.Context(), "r1", w.now, func(fleet.Rollout) bool { return true }); err != nil {
		t.Error(err)
	}
	if r := w.step(t, time.Hour); r.State != fleet.Stopped || len(w.told) != 4 {
		t.Errorf("stopped: %+v", r)
	}
}

// A kiosk hears of a new configuration when it comes, and while it is there; it fetches
// exactly what was meant, and nobody fetches by guessing.
func TestDesired(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	p := h.person("lan", staff.Admin, "00004")
	other := h.person("hoa", staff.Admin, "00008")
	d := h.enrol()
	wants := make(chan link.Desired, 10)
	go d.conn.WatchDesired(t.Context(), func(w link.Desired) { wants <- w })
	next := func() []byte {
		t.Helper()
		select {
		case w := <-wants:
			text, err := d.conn.Blob(t.Context(), w.Config)
			if err != nil {
				t.Fatal(err)
			}
			return text
		case <-time.After(patience):
			t.Fatal("nothing is desired")
		}
		return nil
	}
	if first := next(); !strings.Contains(string(first), "Điểm số 2") {
		t.Errorf("%s", first)
	}
	change := map[string]any{"change": "phone: \"024 3999 0000\"", "kiosks": []string{d.creds.Kiosk}}
	if status := other.do("POST", "config", change, nil); status != 404 {
		t.Error("another ward's admin:", status)
	}
	for _, wrong := range []string{"phone: nobody", "unit: {code: \"00008\"}", "devices: {}", "technician: x", "", "x", "a: 1"} {
		if status := p.do("POST", "config/try", map[string]any{"change": wrong}, nil); status != 400 {
			t.Errorf("%q: %d", wrong, status)
		}
	}
	var tried struct{ Before, After string }
	if status := p.do("POST", "config/try", change, &tried); status != 200 || strings.Contains(tried.Before, "3999") || !strings.Contains(tried.After, "3999") || strings.Contains(tried.After, "argon2") {
		t.Errorf("%d %+v", status, tried)
	}
	if status := p.do("POST", "config", change, nil); status != 200 {
		t.Fatal(status)
	}
	if text := string(next()); !strings.Contains(text, "024 3999 0000") || !strings.Contains(text, "argon2id") {
		t.Error(text)
	}
	for _, hash := range []string{"", strings.Repeat("0", 64), strings.Repeat("z", 64), "*"} {
		if _, err := d.conn.Blob(t.Context(), hash); err == nil {
			t.Errorf("%q is fetched", hash)
		}
	}
	var mine, theirs []map[string]any
	p.do("GET", "rollouts", nil, &mine)
	other.do("GET", "rollouts", nil, &theirs)
	if len(mine) != 1 || len(theirs) != 0 {
		t.Error(mine, theirs)
	}
	if status := other.do("POST", "rollouts/"+mine[0]["id"].(string)+"/stop", nil, nil); status != 404 {
		t.Error("another ward's admin stops it:", status)
	}
	d.conn.SetCut(true)
	d.waitFor(link.Down)
	d.conn.SetCut(false)
	if text := string(next()); !strings.Contains(text, "024 3999 0000") {
		t.Error("after it came back:", text)
	}
}
