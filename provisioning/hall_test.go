package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/kiosksim"
)

// patience is how long a test waits for what should come at once; nothing waits that long when all is well.
const patience = 20 * time.Second

// asCentre makes the test binary the real program, so that it can be killed.
const asCentre = "TIEPDAN_TEST_ARGS"

func TestMain(m *testing.M) {
	if args := os.Getenv(asCentre); args != "" {
		os.Exit(command(strings.Split(args, "\n"), os.Stdin, os.Stdout, os.Stderr))
	}
	if conf := os.Getenv(asNode); conf != "" {
		runNode(conf)
	}
	os.Exit(m.Run())
}

// A hall is a centre in this process with a simulated One-Stop.
type hall struct {
	t    testing.TB
	data string
	url  string
	log  *lockedBuffer
	stop func()
}

func openHall(t testing.TB, data string, change ...func(*options)) *hall {
	t.Helper()
	o := options{addr: "127.0.0.1:0", data: data, sim: true, requires: "read", replicas: 1,
		totp: totpRequired, timeout: 300 * time.Millisecond, poll: 50 * time.Millisecond, verbose: true}
	for _, c := range change {
		c(&o)
	}
	h := &hall{t: t, data: data, log: &lockedBuffer{}}
	ctx, cancel := context.WithCancel(context.Background())
	said, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, o, env{strings.NewReader(""), out, h.log})
		out.Close()
	}()
	h.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the centre took longer than 10 s to stop")
		}
	})
	t.Cleanup(func() {
		h.stop()
		if t.Failed() {
			t.Logf("log:\n%s", h.log)
		}
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatalf("the centre did not start: %v\n%s", err, h.log)
	}
	go io.Copy(io.Discard, said)
	h.url = strings.Fields(line)[1]
	return h
}

// run is one of the operator's commands; it returns what it prints.
func (h *hall) run(args ...string) (string, error) {
	var out, errs bytes.Buffer
	if code := command(append(args, "-data", h.data), strings.NewReader("2468\n"), &out, &errs); code != exitOK {
		return "", fmt.Errorf("exit %d: %s", code, errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}

func (h *hall) code() link.EnrolCode {
	h.t.Helper()
	out, err := h.run("kiosk", "add", "-unit", "00004", "-site", "Điểm số 2", "-officer", "lan:Nguyễn Thị Lan:-")
	if err != nil {
		h.t.Fatal(err)
	}
	code, err := link.ParseEnrolCode(out)
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// A desk is one kiosk's end.
type desk struct {
	h        *hall
	creds    link.Credentials
	conn     *link.Conn
	receipts chan dossier.Receipt
	seen     []dossier.Receipt // taken off receipts, not asked for yet
}

func (h *hall) enrol() *desk {
	h.t.Helper()
	creds, _, err := link.Enrol(h.t.Context(), h.url, h.code(), map[string]string{"model": "test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.connect(creds)
}

// enrolThat is enrol with a connection that was told something before it runs.
func (h *hall) enrolThat(tell func(*link.Conn)) *desk {
	h.t.Helper()
	creds, _, err := link.Enrol(h.t.Context(), h.url, h.code(), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.connect(creds, tell)
}

func (h *hall) connect(creds link.Credentials, tell ...func(*link.Conn)) *desk {
	h.t.Helper()
	creds.Centre = h.url
	conn, err := link.New(creds, slog.New(slog.NewTextHandler(h.log, nil)))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, tell := range tell {
		tell(conn)
	}
	d := &desk{h: h, creds: creds, conn: conn, receipts: make(chan dossier.Receipt, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { conn.WatchReceipts(ctx, func(r dossier.Receipt) { d.receipts <- r }) })
	wg.Go(func() { conn.Run(ctx) })
	h.t.Cleanup(func() { cancel(); wg.Wait() })
	d.waitFor(link.Up)
	return d
}

func (d *desk) waitFor(want link.Level) {
	d.h.t.Helper()
	ctx, cancel := context.WithTimeout(d.h.t.Context(), patience)
	defer cancel()
	d.conn.Watch(ctx, func(l link.Level) {
		if l == want {
			cancel()
		}
	})
	if d.conn.Level() != want {
		d.h.t.Fatalf("the link is %s, not %s", d.conn.Level(), want)
	}
}

// Who files in these tests. Nobody's name or number; a canary to look for.
const (
	canaryName = "TRẦN CHIM YẾN THỬ"
	canaryPIN  = "001099887766"
	canaryHome = "Số 7 ngõ Hoàng Yến Thử"
)

// newDossier is a valid one of the canary's.
func newDossier(t testing.TB, kiosk string) dossier.Dossier {
	t.Helper()
	who := dossier.Applicant{PIN: canaryPIN, Name: canaryName, DOB: "01/02/1990", Sex: "Nữ", Nationality: "Việt Nam", Residence: canaryHome}
	d, _, err := kiosksim.FilingOf(who, kiosk, "00004", 0)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) seal(doc dossier.Dossier, parts ...dossier.Part) dossier.Sealed {
	d.h.t.Helper()
	s, err := dossier.Seal(doc, parts, d.creds.Recipient)
	if err != nil {
		d.h.t.Fatal(err)
	}
	return s
}

func (d *desk) publish(s dossier.Sealed) {
	d.h.t.Helper()
	err := d.conn.PublishDossier(d.h.t.Context(), link.Envelope{Version: dossier.Version, Receipt: s.Receipt, Sealed: s.Ciphertext, Manifest: s.Manifest})
	if err != nil {
		d.h.t.Fatalf("publish %s: %v", s.Receipt, err)
	}
}

// file files one dossier and returns it sealed.
func (d *desk) file() dossier.Sealed {
	d.h.t.Helper()
	s := d.seal(newDossier(d.h.t, d.creds.Kiosk))
	d.publish(s)
	return s
}

// receipt waits for the receipt of one number, verified.
func (d *desk) receipt(s dossier.Sealed, seq int) dossier.Receipt {
	d.h.t.Helper()
	deadline := time.After(patience)
	for i := 0; ; {
		for ; i < len(d.seen); i++ {
			r := d.seen[i]
			if r.Receipt != s.Receipt || r.Seq != seq {
				continue
			}
			d.seen = slices.Delete(d.seen, i, i+1)
			if err := r.Verify(d.creds.ReceiptKey); err != nil {
				d.h.t.Fatalf("receipt of %s: %v", s.Receipt, err)
			}
			if r.SHA256 != s.SHA256() {
				d.h.t.Fatalf("receipt of %s is for other bytes", s.Receipt)
			}
			return r
		}
		select {
		case r := <-d.receipts:
			d.seen = append(d.seen, r)
		case <-deadline:
			d.h.t.Fatalf("no receipt %d for %s within %v", seq, s.Receipt, patience)
		}
	}
}

// oneStop is what One-Stop holds, by our numbers; each must be there once.
func (h *hall) oneStop() map[string]map[string]any {
	h.t.Helper()
	return oneStopAt(h.t, h.url+"/onestop/dossiers")
}

func oneStopAt(t testing.TB, url string) map[string]map[string]any {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list []map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	all, codes := map[string]map[string]any{}, map[any]bool{}
	for _, item := range list {
		number := item["MaHoSoNguon"].(string)
		if all[number] != nil || codes[item["MaHoSo"]] {
			t.Errorf("%s is at One-Stop twice, or its code %v is", number, item["MaHoSo"])
		}
		all[number], codes[item["MaHoSo"]] = item, true
	}
	return all
}

func (h *hall) post(path, body string) *http.Response {
	h.t.Helper()
	resp, err := http.Post(h.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func (h *hall) fault(kind string, count int) {
	h.t.Helper()
	if resp := h.post("/onestop/fault", fmt.Sprintf(`{"kind":%q,"count":%d,"ms":700}`, kind, count)); resp.StatusCode != 200 {
		h.t.Fatalf("fault %s: %s", kind, resp.Status)
	}
}

// raw is a bare NATS connection with a kiosk's credentials: what a thief of one would have.
func (d *desk) raw() (*nats.Conn, chan error) {
	d.h.t.Helper()
	refused := make(chan error, 100)
	nc, err := nats.Connect(strings.Replace(d.h.url, "http", "ws", 1), nats.ProxyPath("/nats"),
		nats.UserJWTAndSeed(d.creds.JWT, d.creds.Seed), nats.CustomInboxPrefix(link.InboxPrefix(d.creds.Kiosk)), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		d.h.t.Fatal(err)
	}
	d.h.t.Cleanup(nc.Close)
	return nc, refused
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
