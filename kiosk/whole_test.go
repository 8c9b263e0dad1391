package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tiepdan/kiosk/link"
	"tiepdan/kiosk/wire"
)

const (
	birth     = "1.001193" // đăng ký khai sinh
	residence = "1.010041" // xác nhận thông tin về cư trú
)

var officialCode = regexp.MustCompile(`^000\.00\.\d+\.H26-\d{6}-\d{4,}$`)

// serviceOf finds the tile a procedure hangs under, as a person would: by looking.
var serviceOf = map[string]string{birth: "ho-tich", residence: "cu-tru"}

// One visit over the two real programs: An files, the code arrives, One-Stop
// has it once, the ticket is called.
func TestWholeVisit(t *testing.T) {
	if testing.Short() {
		t.Skip("runs both programs")
	}
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p := &page{addr: r.Kiosk}
	defer p.close()
	if err := p.connect(ctx); err != nil {
		t.Fatal(err)
	}

	number, err := r.fileOnce(ctx, p, "an", serviceOf[birth], birth)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := p.await(ctx, func(v wire.View) bool { return v.Receipt == nil || v.Receipt.State == "sent" }); err != nil {
		t.Fatal(err)
	}
	t.Logf("the code came %v after the receipt number", time.Since(start).Round(time.Millisecond))
	if p.view.Receipt == nil || !officialCode.MatchString(p.view.Receipt.Code) {
		t.Fatalf("receipt %+v has no official code", p.view.Receipt)
	}
	items, err := r.oneStop(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 || items[0].MaHoSo != p.view.Receipt.Code || items[0].MaHoSoNguon != strings.ReplaceAll(number, "-", "") ||
		items[0].MaTTHC != birth || items[0].DuLieuForm["nksHoTen"] == "" || items[0].DuLieuForm["nycHoTen"] == "" {
		t.Errorf("One-Stop has %+v", items)
	}
	if err := r.leave(ctx, p); err != nil {
		t.Fatal(err)
	}
	if out := r.output("kiosk", "outbox", "-data", r.data+"/kiosk"); !strings.Contains(out, items[0].MaHoSo) {
		t.Errorf("kiosk outbox does not show the code:\n%s", out)
	}

	// The network goes: filing works, is kept, and arrives when it is back.
	if err := r.sim("POST", "link", map[string]string{"state": "down"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.fileOnce(ctx, p, "binh", serviceOf[residence], residence); err != nil {
		t.Fatal(err)
	}
	if err := p.await(ctx, func(v wire.View) bool { return v.Receipt != nil && v.Receipt.State == "kept" }); err != nil {
		t.Fatal(err)
	}
	if err := r.sim("POST", "link", map[string]string{"state": "up"}); err != nil {
		t.Fatal(err)
	}
	if err := p.await(ctx, func(v wire.View) bool { return v.Receipt != nil && v.Receipt.State == "sent" }); err != nil {
		t.Fatal(err)
	}
	if err := r.leave(ctx, p); err != nil {
		t.Fatal(err)
	}
}

// What no page of ours sends: it is refused in words, and nothing else notices.
func TestGarbageAtEveryDoor(t *testing.T) {
	if testing.Short() {
		t.Skip("runs both programs")
	}
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	junk := []string{"", "{", "null", "[]", `{"a":1}`, `{"persona":1}`, "\xff\xfe\x00", strings.Repeat("[", 50_000), strings.Repeat("x", 1<<20)}
	doors := []string{r.Kiosk + "/sim/card", r.Kiosk + "/sim/scan", r.Kiosk + "/sim/printer", r.Kiosk + "/sim/link", r.Kiosk + "/counter/sign-in",
		r.Kiosk + "/ws", r.Kiosk + "/nowhere", r.Centre + "/enrol", r.Centre + "/onestop/fault", r.Centre + "/nats", r.Centre + "/api/kiosks"}
	for _, door := range doors {
		for _, body := range junk {
			resp, err := http.Post("http://"+door, "application/json", strings.NewReader(body))
			if err != nil {
				if len(body) > 1<<16 {
					continue // the server may hang up on a body it will not take
				}
				t.Errorf("%s: %v", door, err)
				continue
			}
			said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
			resp.Body.Close()
			if resp.StatusCode < 400 || resp.StatusCode >= 500 || len(said) == 0 {
				t.Errorf("%s with %.20q: %s %q, want a refusal with words", door, body, resp.Status, said)
			}
		}
	}
	// A QR of a megabyte, one that is none, one cut off: each through the scanner's line.
	for _, text := range []string{strings.Repeat("9", 1<<20), "not a card", "001099012345|", strings.Repeat("|", 4000), "\x00\x01\x02"} {
		if err := r.sim("POST", "scan", map[string]string{"text": text}); err != nil {
			t.Logf("scan of %d bytes: %v", len(text), err)
		}
	}
	// After all that a visit goes as ever.
	p := &page{addr: r.Kiosk}
	defer p.close()
	if err := p.connect(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.fileOnce(ctx, p, "chi", serviceOf[residence], residence); err != nil {
		t.Fatal(err)
	}
	if err := r.leave(ctx, p); err != nil {
		t.Fatal(err)
	}
}

// Starting says what is wrong, in a sentence that names what to do.
func TestStartSaysWhatIsWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("runs both programs")
	}
	r := newRig(t)
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"port in use", []string{"run", "-sim", "-addr", r.Kiosk, "-data", t.TempDir()}, "is in use"},
		{"folder in use", []string{"run", "-sim", "-addr", freeAddr(t), "-data", r.data + "/kiosk"}, "another kiosk uses the data folder"},
		{"folder not to be had", []string{"run", "-sim", "-addr", freeAddr(t), "-data", "/proc/nowhere"}, "data folder"},
		{"no such address", []string{"run", "-sim", "-addr", "256.0.0.1:80", "-data", t.TempDir()}, "cannot listen on"},
		{"not a code", []string{"enrol", "-centre", "http://" + r.Centre, "-code", "ABC", "-data", t.TempDir()}, "code"},
		{"no such command", []string{"fly"}, `no command "fly"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if said := r.failure("kiosk", tt.args...); !strings.Contains(said, tt.want) {
				t.Errorf("said %q, want something with %q", said, tt.want)
			}
		})
	}
}

// A kiosk without network enrols by two files on a USB stick, worth nothing to another.
func TestEnrolByFile(t *testing.T) {
	if testing.Short() {
		t.Skip("runs both programs")
	}
	r := newRig(t)
	code := r.output("provisioning", "kiosk", "add", "-addr", "http://"+r.Centre, "-data", r.data, "-unit", "00008", "-site", "Bản xa")
	dir, stick := t.TempDir(), t.TempDir()
	request, answer := filepath.Join(stick, "request"), filepath.Join(stick, "answer")
	if said := r.failure("kiosk", "enrol", "-answer", answer, "-data", dir); !strings.Contains(said, "no request was written here") {
		t.Error(said)
	}
	r.input(code, "kiosk", "enrol", "-centre", "https://centre.example.vn", "-code", "-", "-request", request, "-data", dir)
	r.output("provisioning", "kiosk", "answer", "-addr", "http://"+r.Centre, "-data", r.data, "-request", request, "-out", answer)
	if said := r.failure("provisioning", "kiosk", "answer", "-addr", "http://"+r.Centre, "-data", r.data, "-request", request, "-out", answer+"2"); !strings.Contains(said, "used already") {
		t.Error(said)
	}
	for _, file := range []string{request, answer} {
		if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), `"seed"`) {
			t.Errorf("%s: %v\n%s", file, err, b)
		}
	}
	other := t.TempDir() // of a machine that made a request of its own
	r.input(code, "kiosk", "enrol", "-centre", "https://centre.example.vn", "-code", "-", "-request", filepath.Join(stick, "other"), "-data", other)
	if said := r.failure("kiosk", "enrol", "-answer", answer, "-data", other); !strings.Contains(said, "not the centre of this code") {
		t.Error(said)
	}
	if said := r.output("kiosk", "enrol", "-answer", answer, "-data", dir); !strings.Contains(said, "00008-01") {
		t.Error(said)
	}
	c, err := link.LoadCredentials(filepath.Join(dir, credentialsFile))
	if err != nil || c.Kiosk != "00008-01" || c.Centre != "https://centre.example.vn" {
		t.Error(c, err)
	}
	if _, err := os.Stat(filepath.Join(dir, pendingFile)); err == nil {
		t.Error("the key lies in two files")
	}
}

func (r *rig) receiptOf(ctx context.Context, number string) (int, error) {
	items, err := r.oneStop(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, i := range items {
		if i.MaHoSoNguon == strings.ReplaceAll(number, "-", "") {
			n++
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("%s is not at One-Stop, among %d", number, len(items))
	}
	return n, nil
}
