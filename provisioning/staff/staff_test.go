package staff

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// RFC 4226 appendix D and RFC 6238 appendix B, the last six digits.
func TestCodesOfTheStandards(t *testing.T) {
	secret := []byte("12345678901234567890")
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp(secret, uint64(counter)); got != want {
			t.Errorf("HOTP %d: %s, want %s", counter, got, want)
		}
	}
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		now := time.Unix(at, 0)
		step, ok := checkTOTP(secret, want, 0, now)
		if !ok || step != uint64(at/30) {
			t.Errorf("TOTP at %d: %v, step %d", at, ok, step)
		}
		if _, ok := checkTOTP(secret, want, step, now); ok {
			t.Errorf("TOTP at %d works twice", at)
		}
		if _, ok := checkTOTP(secret, want, 0, now.Add(90*time.Second)); ok {
			t.Errorf("TOTP at %d works much later", at)
		}
		for _, near := range []time.Duration{-30 * time.Second, 30 * time.Second} {
			if _, ok := checkTOTP(secret, want, 0, now.Add(near)); !ok {
				t.Errorf("TOTP at %d does not work %v away", at, near)
			}
		}
	}
}

func TestWeak(t *testing.T) {
	for password, want := range map[string]bool{
		"": true, "short": true, "mười một ký": true, "một hai ba bốn": false, "aaaaaaaaaaaaaaaa": true,
		"lan-lan-lan-lan": true, "LAN của phường nhà": true, "correct horse battery": false, strings.Repeat("ab", 101): true, "invalid \xff utf eight": true,
	} {
		if password == "" {
			continue // no name either
		}
		if weak("lan", password) != want {
			t.Errorf("weak(%q) is %v", password, !want)
		}
	}
}

type hall struct {
	*Roll
	dir string
	js  jetstream.JetStream
}

func open(t *testing.T, optional bool) hall {
	t.Helper()
	dir := t.TempDir()
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, JetStream: true, StoreDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("no NATS")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	r, err := OpenRoll(t.Context(), js, 1, []byte("key"), optional)
	if err != nil {
		t.Fatal(err)
	}
	return hall{r, dir, js}
}

const pass = "một hai ba bốn năm"

func (h hall) add(t *testing.T, name string, role Role, units ...string) {
	t.Helper()
	if _, err := h.Add(t.Context(), name, role, units, pass); err != nil {
		t.Fatal(err)
	}
}

func TestSignIn(t *testing.T) {
	h, ctx, now := open(t, false), t.Context(), time.Now()
	h.add(t, "lan", Operator, "00004")
	for _, try := range [][2]string{{"lan", "wrong"}, {"minh", pass}, {"", ""}, {"../lan", pass}, {"lan", ""}} {
		if _, _, err := h.SignIn(ctx, try[0], try[1], "", now); !errors.Is(err, ErrWrong) {
			t.Errorf("%q %q: %v", try[0], try[1], err)
		}
	}
	token, p, err := h.SignIn(ctx, "lan", pass, "", now)
	if err != nil || p.Role != Operator {
		t.Fatal(p, err)
	}
	if _, ready, err := h.SignedIn(ctx, token, now); err != nil || ready {
		t.Fatalf("ready without a second factor: %v, %v", ready, err)
	}
	text, err := h.OfferTOTP(ctx, "lan")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	code := func(at time.Time) string { return hotp(secret, uint64(at.Unix()/30)) }
	if err := h.ConfirmTOTP(ctx, "lan", "000000x", now); !errors.Is(err, ErrWrong) {
		t.Errorf("a wrong code confirms: %v", err)
	}
	if _, _, err := h.SignIn(ctx, "lan", pass, "", now); err != nil {
		t.Errorf("an offer alone is in force: %v", err)
	}
	if err := h.ConfirmTOTP(ctx, "lan", code(now), now); err != nil {
		t.Fatal(err)
	}
	if _, err := h.OfferTOTP(ctx, "lan"); !errors.Is(err, ErrThere) {
		t.Errorf("a thief with a session makes a second factor of his own: %v", err)
	}
	if _, ready, err := h.SignedIn(ctx, token, now); err != nil || !ready {
		t.Errorf("not ready: %v", err)
	}
	if _, _, err := h.SignIn(ctx, "lan", pass, "", now); !errors.Is(err, ErrNeedsTOTP) {
		t.Errorf("without a code: %v", err)
	}
	if _, _, err := h.SignIn(ctx, "lan", pass, code(now), now); !errors.Is(err, ErrWrong) {
		t.Errorf("the code that confirmed works again: %v", err)
	}
	later := now.Add(time.Minute)
	if _, _, err := h.SignIn(ctx, "lan", "wrong password", code(later), later); !errors.Is(err, ErrWrong) {
		t.Errorf("a wrong password with a right code: %v", err)
	}
	if token, _, err = h.SignIn(ctx, "lan", pass, code(later), later); err != nil {
		t.Fatal(err)
	}

	// A backup of all this holds neither token nor password nor secret.
	err = filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, s := range []string{token, pass, text, string(secret)} {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds a secret", filepath.Base(path))
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := h.SignOut(ctx, token); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.SignedIn(ctx, token, later); !errors.Is(err, ErrWrong) {
		t.Errorf("signed out, and: %v", err)
	}
}

func TestLock(t *testing.T) {
	h, ctx, now := open(t, true), t.Context(), time.Now()
	h.add(t, "lan", Viewer, "00004")
	wrong := func() error { _, _, err := h.SignIn(ctx, "lan", "wrong wrong wrong", "", now); return err }
	for range freeTries {
		if err := wrong(); !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
	}
	if _, _, err := h.SignIn(ctx, "lan", pass, "", now); !errors.Is(err, ErrLocked) {
		t.Errorf("the right password while locked: %v", err)
	}
	now = now.Add(firstLock)
	if err := wrong(); !errors.Is(err, ErrWrong) {
		t.Errorf("after the lock: %v", err)
	}
	if now = now.Add(firstLock); !errors.Is(wrong(), ErrLocked) {
		t.Error("the second lock is no longer than the first")
	}
	now = now.Add(firstLock)
	if _, p, err := h.SignIn(ctx, "lan", pass, "", now); err != nil || !p.Locked.IsZero() {
		t.Errorf("the right password after the lock: %v", err)
	}
	// Many at once do not get more tries than one after the other.
	var tries sync.WaitGroup
	var mu sync.Mutex
	var said []error
	for range 12 {
		tries.Go(func() {
			err := wrong()
			mu.Lock()
			said = append(said, err)
			mu.Unlock()
		})
	}
	tries.Wait()
	n := 0
	for _, err := range said {
		if errors.Is(err, ErrWrong) {
			n++
		}
	}
	if n > freeTries {
		t.Errorf("%d tries at once: %v", n, said)
	}
}

func TestSessionsEnd(t *testing.T) {
	h, ctx, now := open(t, true), t.Context(), time.Now()
	h.add(t, "boss", Admin, AllUnits)
	h.add(t, "lan", Operator, "00004")
	in := func() string {
		t.Helper()
		token, _, err := h.SignIn(ctx, "lan", pass, "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	gone := func(what, token string, at time.Time) {
		t.Helper()
		if _, _, err := h.SignedIn(ctx, token, at); !errors.Is(err, ErrWrong) {
			t.Errorf("%s: %v", what, err)
		}
	}
	token := in()
	at := time.Now()
	for at.Sub(now) < sessionLife-time.Minute {
		if _, ready, err := h.SignedIn(ctx, token, at); err != nil || !ready {
			t.Fatalf("in use for %v: %v", at.Sub(now), err)
		}
		at = at.Add(sessionIdle - time.Minute)
	}
	gone("after a day", token, now.Add(sessionLife+time.Minute))
	gone("left alone", in(), time.Now().Add(sessionIdle+time.Minute))
	token = in()
	if err := h.ChangePassword(ctx, "lan", "wrong wrong wrong", "năm bốn ba hai một"); !errors.Is(err, ErrWrong) {
		t.Errorf("changed with a wrong password: %v", err)
	}
	if err := h.ChangePassword(ctx, "lan", pass, "năm bốn ba hai một"); err != nil {
		t.Fatal(err)
	}
	gone("password changed", token, time.Now())
	if err := h.Reset(ctx, "lan", pass); err != nil {
		t.Fatal(err)
	}
	token = in()
	if p, err := h.Set(ctx, "lan", Viewer, []string{"00004", "00008"}, false); err != nil || p.Role != Viewer {
		t.Fatal(p, err)
	}
	if p, _, err := h.SignedIn(ctx, token, time.Now()); err != nil || p.Role != Viewer || !p.Sees("00008") {
		t.Errorf("new rights: %+v, %v", p, err)
	}
	if _, err := h.Set(ctx, "lan", Viewer, []string{"00004"}, true); err != nil {
		t.Fatal(err)
	}
	gone("disabled", token, time.Now())
	if _, _, err := h.SignIn(ctx, "lan", pass, "", time.Now()); !errors.Is(err, ErrWrong) {
		t.Errorf("disabled, signs in: %v", err)
	}
	for name, set := range map[string]func() (Person, error){
		"demoted":  func() (Person, error) { return h.Set(ctx, "boss", Operator, []string{AllUnits}, false) },
		"confined": func() (Person, error) { return h.Set(ctx, "boss", Admin, []string{"00004"}, false) },
		"disabled": func() (Person, error) { return h.Set(ctx, "boss", Admin, []string{AllUnits}, true) },
	} {
		if _, err := set(); !errors.Is(err, ErrLastAdmin) {
			t.Errorf("the last admin is %s: %v", name, err)
		}
	}
}

func TestAdd(t *testing.T) {
	h, ctx := open(t, false), t.Context()
	for name, c := range map[string]struct {
		name  string
		role  Role
		units []string
		pass  string
		want  error
	}{
		"fine":     {"lan", Admin, []string{"*"}, pass, nil},
		"twice":    {"lan", Viewer, []string{"*"}, pass, ErrThere},
		"no name":  {"", Viewer, []string{"*"}, pass, ErrInvalid},
		"rude":     {"Lan Anh", Viewer, []string{"*"}, pass, ErrInvalid},
		"wild":     {"lan.*", Viewer, []string{"*"}, pass, ErrInvalid},
		"no role":  {"minh", "boss", []string{"*"}, pass, ErrInvalid},
		"no units": {"minh", Viewer, nil, pass, ErrInvalid},
		"bad unit": {"minh", Viewer, []string{"a b"}, pass, ErrInvalid},
		"weak":     {"minh", Viewer, []string{"*"}, "12345", ErrWeak},
	} {
		if name == "twice" {
			continue
		}
		if _, err := h.Add(ctx, c.name, c.role, c.units, c.pass); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Add(ctx, "lan", Viewer, []string{"*"}, pass); !errors.Is(err, ErrThere) {
		t.Errorf("twice: %v", err)
	}
	if all, err := h.All(ctx); err != nil || len(all) != 1 || all[0].Name != "lan" {
		t.Errorf("%v, %v", all, err)
	}
	if err := h.Reset(ctx, "nobody", pass); !errors.Is(err, ErrNobody) {
		t.Errorf("reset nobody: %v", err)
	}
}

func TestAudit(t *testing.T) {
	h, ctx := open(t, true), t.Context()
	a, err := OpenAudit(ctx, h.js, 1, 400*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Last(ctx, 10, func(Deed) bool { return true }); err != nil || len(got) != 0 {
		t.Errorf("nothing done: %v, %v", got, err)
	}
	for n := range 30 {
		if err := a.Note(ctx, Deed{Who: "lan", What: "kiosk.code", Unit: fmt.Sprint(n % 2), Target: fmt.Sprint(n), Result: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.Last(ctx, 3, func(d Deed) bool { return d.Unit == "1" })
	var targets []string
	for _, d := range got {
		targets = append(targets, d.Target)
	}
	if err != nil || !slices.Equal(targets, []string{"29", "27", "25"}) || got[0].At.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
	if err := purge(ctx, h.js); err == nil {
		t.Error("the list can be emptied")
	}
}

func purge(ctx context.Context, js jetstream.JetStream) error {
	s, err := js.Stream(ctx, AuditStream)
	if err != nil {
		return err
	}
	return s.Purge(ctx)
}
