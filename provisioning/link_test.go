package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/staff"
)

// What a stolen kiosk's credentials open: its own subjects and nothing else.
func TestPermissions(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	victim, thief := h.enrol(), h.enrol()
	other := victim.creds.Kiosk
	done := victim.file()
	victim.receipt(done, 1)
	nc, refused := thief.raw()
	flush := func(t *testing.T) {
		t.Helper()
		if err := nc.FlushTimeout(patience); err != nil {
			t.Fatal(err)
		}
	}
	forbidden := func(t *testing.T) {
		t.Helper()
		flush(t)
		select {
		case err := <-refused:
			if !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("refused for %v", err)
			}
		case <-time.After(patience):
			t.Error("allowed")
		}
	}
	receipt, number := link.ReceiptSubject(other, done.Receipt), "K7QD3M9XV2TA"
	publish := map[string]string{
		"another's dossier":           "dossier." + other + "." + number,
		"another's part":              "part." + other + "." + number + ".0",
		"another's health":            "health." + other,
		"another's event":             "event." + other + ".journey",
		"another's question":          "ask." + other + ".receipts",
		"a forged receipt":            receipt,
		"a forged receipt of its own": "receipt." + thief.creds.Kiosk + "." + number,
		"a command":                   "cmd." + other + ".restart",
		"a command to itself":         "cmd." + thief.creds.Kiosk + ".restart",
		"a receipt in the book":       "$KV.receipts.r." + other + "." + number,
		"the registry":                "$KV.kiosks." + other,
		"a code":                      "$KV.codes.x",
		"its own desired state":       "$KV.desired." + thief.creds.Kiosk,
		"quarantine":                  "quarantine." + thief.creds.Kiosk + ".x",
		"an inbox":                    "_INBOX." + other + ".x",
		"stream list":                 "$JS.API.STREAM.LIST",
		"stream info":                 "$JS.API.STREAM.INFO.DOSSIERS",
		"stream delete":               "$JS.API.STREAM.DELETE.DOSSIERS",
		"stream purge":                "$JS.API.STREAM.PURGE.DOSSIERS",
		"a message of the stream":     "$JS.API.STREAM.MSG.GET.DOSSIERS",
		"a message, directly":         "$JS.API.DIRECT.GET.DOSSIERS",
		"a part, directly":            "$JS.API.DIRECT.GET.PARTS.part." + other + "." + number + ".0",
		"another's desired state":     "$JS.API.DIRECT.GET.KV_desired.$KV.desired." + other,
		"a registry entry":            "$JS.API.DIRECT.GET.KV_kiosks.$KV.kiosks." + other,
		"a consumer":                  "$JS.API.CONSUMER.CREATE.DOSSIERS.x.dossier.>",
		"a durable consumer":          "$JS.API.CONSUMER.DURABLE.CREATE.DOSSIERS.x",
		"the gateway's next item":     "$JS.API.CONSUMER.MSG.NEXT.DOSSIERS.gateway",
		"an acknowledgement":          "$JS.ACK.DOSSIERS.gateway.1.1.1.1.0",
		"the system":                  "$SYS.REQ.SERVER.PING",
	}
	for name, subject := range publish {
		t.Run("publish "+name, func(t *testing.T) {
			if err := nc.PublishRequest(subject, link.InboxPrefix(thief.creds.Kiosk)+".x", []byte("{}")); err != nil {
				t.Fatal(err)
			}
			forbidden(t)
		})
	}
	for name, subject := range map[string]string{
		"another's receipts": "receipt." + other + ".>", "all receipts": "receipt.>", "everything": ">", "all dossiers": "dossier.>",
		"another's inbox": "_INBOX." + other + ".>", "all inboxes": "_INBOX.>", "another's commands": "cmd." + other + ".*",
		"questions": "ask.*.receipts", "health": "health.*", "the registry": "$KV.kiosks.>", "advisories": "$JS.EVENT.>", "the system": "$SYS.>",
	} {
		t.Run("subscribe "+name, func(t *testing.T) {
			if _, err := nc.SubscribeSync(subject); err != nil {
				t.Fatal(err)
			}
			forbidden(t)
		})
	}

	// What it may do works, over the same connection: what was refused was refused one by one.
	s := thief.seal(newDossier(t, thief.creds.Kiosk))
	thief.publish(s)
	if r := thief.receipt(s, 1); r.Outcome != dossier.Accepted {
		t.Errorf("its own dossier: %+v", r)
	}
	if err := thief.conn.PublishPart(t.Context(), s.Receipt, 0, []byte("sealed")); err != nil {
		t.Errorf("its own part: %v", err)
	}
	// The numbers of another are nothing to it, by its own question either.
	known, err := thief.conn.AskReceipts(t.Context(), []dossier.ReceiptNumber{done.Receipt})
	if err != nil || len(known) != 0 {
		t.Errorf("another's receipt: %+v, %v", known, err)
	}
	// The core receipts are live: they come on the one subscription a kiosk has.
	sub, err := nc.SubscribeSync("receipt." + thief.creds.Kiosk + ".>")
	if err != nil {
		t.Fatal(err)
	}
	flush(t)
	s = thief.file()
	if m, err := sub.NextMsg(patience); err != nil || m.Subject != link.ReceiptSubject(thief.creds.Kiosk, s.Receipt) {
		t.Errorf("%+v, %v", m, err)
	}
}

// Of two kiosks with one receipt number the first has it; the other's goes to quarantine.
func TestReceiptNumberOfAnother(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	a, b := h.enrol(), h.enrol()
	s := a.file()
	a.receipt(s, 1)
	stolen := newDossier(t, b.creds.Kiosk)
	stolen.Receipt = s.Receipt
	sealed := b.seal(stolen)
	b.publishAgain(sealed)
	if r := b.receipt(sealed, 1); r.Outcome != dossier.Quarantined || r.Reason != "receipt-number-of-another-kiosk" || r.Code != "" {
		t.Errorf("%+v", r)
	}
	if n := len(h.oneStop()); n != 1 {
		t.Errorf("One-Stop has %d", n)
	}
}

func TestHealthIsSeen(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	d, p := h.enrol(), h.person("lan", staff.Viewer, "00004")
	tracker := health.NewTracker()
	tracker.Set(health.PaperOut, true, "")
	if err := d.conn.PublishHealth(t.Context(), tracker.Report(time.Now())); err != nil {
		t.Fatal(err)
	}
	err := until(t, func() (bool, error) {
		worst := p.overview().Worst
		return len(worst) == 1 && worst[0].Colour == "yellow" && worst[0].Troubles[0].Text.VI == "Máy in hết giấy.", nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A kiosk that is revoked is cut off within seconds, stays out over a restart,
// and a new code lets a machine in again.
func TestRevoke(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := openHall(t, data)
	d := h.enrol()
	if _, err := h.run("kiosk", "revoke", "-id", d.creds.Kiosk); err != nil {
		t.Fatal(err)
	}
	d.waitFor(link.Forbidden)
	if _, err := h.run("kiosk", "revoke", "-id", "nobody-01"); err == nil || !strings.Contains(err.Error(), "no such kiosk") {
		t.Errorf("%v", err)
	}
	h.stop()

	h = openHall(t, data)
	if err := h.refusesLink(d.creds); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	out, err := h.run("kiosk", "code", "-id", d.creds.Kiosk)
	if err != nil {
		t.Fatal(err)
	}
	code, err := link.ParseEnrolCode(out)
	if err != nil {
		t.Fatal(err)
	}
	replacement, _, err := link.Enrol(t.Context(), h.url, code, nil)
	if err != nil || replacement.Kiosk != d.creds.Kiosk {
		t.Fatalf("%v, %v", replacement, err)
	}
	again := h.connect(replacement)
	again.receipt(again.file(), 1)
	if err := h.refusesLink(d.creds); err != nil {
		t.Errorf("the stolen machine, after its replacement: %v", err)
	}
}

// A machine that another one replaces is out at once, without a word about revoking.
func TestReplace(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	out, err := h.run("kiosk", "code", "-id", d.creds.Kiosk)
	if err != nil {
		t.Fatal(err)
	}
	code, err := link.ParseEnrolCode(out)
	if err != nil {
		t.Fatal(err)
	}
	creds, _, err := link.Enrol(t.Context(), h.url, code, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.waitFor(link.Forbidden)
	again := h.connect(creds)
	again.receipt(again.file(), 1)
}

func (h *hall) refusesLink(c link.Credentials) error {
	nc, err := nats.Connect(strings.Replace(h.url, "http", "ws", 1), nats.ProxyPath("/nats"),
		nats.UserJWTAndSeed(c.JWT, c.Seed), nats.NoReconnect())
	if err == nil {
		nc.Close()
		return errors.New("it was let in")
	}
	if !errors.Is(err, nats.ErrAuthorization) {
		return err
	}
	return nil
}

// The link takes only who has a credential of this centre's, and no browser.
func TestLinkDoor(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	elsewhere := openHall(t, t.TempDir()).enrol()
	for name, c := range map[string]link.Credentials{
		"another centre's": elsewhere.creds,
		"another's key":    {JWT: d.creds.JWT, Seed: elsewhere.creds.Seed},
		"no credential":    {},
		"a damaged JWT":    {JWT: d.creds.JWT[:len(d.creds.JWT)-4] + "AAAA", Seed: d.creds.Seed},
	} {
		if c.Seed == "" {
			c = link.Credentials{JWT: "x", Seed: d.creds.Seed}
		}
		for range 10 { // it is told why, every time
			if err := h.refusesLink(c); err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
	d.receipt(d.file(), 1) // the door still works
}

// Whatever comes on the stream, even what no kiosk of ours would send, holds up nothing.
func TestNonsenseOnTheStream(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	d := h.enrol()
	nc, _ := d.raw()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	id := d.creds.Kiosk
	number := string(newDossier(t, id).Receipt)
	for subject, body := range map[string]string{
		"dossier." + id + ".NOTANUMBER":          "{}",
		"dossier." + id + "." + number + ".more": "{}",
		"dossier." + id + "." + number:           "\x00\xff not JSON",
	} {
		if _, err := js.Publish(ctx, subject, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	huge, err := json.Marshal(link.Envelope{Version: 99, Receipt: newDossier(t, id).Receipt, Sealed: make([]byte, 600<<10)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(ctx, "dossier."+id+"."+string(newDossier(t, id).Receipt), huge); err != nil {
		t.Fatal(err)
	}
	d.receipt(d.file(), 1)
	known, err := d.eventually([]dossier.ReceiptNumber{dossier.ReceiptNumber(number)})
	if err != nil || known[0].Reason != "envelope-unreadable" {
		t.Errorf("%+v, %v", known, err)
	}
	err = until(t, func() (bool, error) {
		page := get(t, h.url+"/metrics")
		return strings.Contains(page, "tiepdan_gateway_nonsense_total 2") && strings.Contains(page, "tiepdan_dossiers_waiting 0"), nil
	})
	if err != nil {
		t.Error(err)
	}
}
