package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/queue"
	"tiepdan/kiosk/session"
)

var monday = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) // 9:00 in Hanoi

// A synthetic person; her card is of 2024.
var chi = cccd.Identity{
	PIN: "001199054321", Name: "Trần Thị Chi", DOB: "02/09/1999", Sex: "Nữ", Nationality: "Việt Nam",
	Residence: "Số 2, Phường Đống Đa, Hà Nội", Father: "Trần Văn Cha", Mother: "Vũ Thị Mẹ", Expires: "02/09/2039",
	Source: map[string]cccd.Source{
		"name": cccd.FromChip, "pin": cccd.FromChip, "dob": cccd.FromChip, "sex": cccd.FromChip,
		"residence": cccd.FromChip, "father": cccd.FromChip, "mother": cccd.FromChip,
	},
}

func testCatalogue(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(os.DirFS("../session/testdata/catalogue"), monday)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A kiosk is a session stepped through by hand.
type kiosk struct {
	testing.TB
	s   session.State
	now time.Time
}

func newKiosk(t testing.TB) *kiosk {
	k := &kiosk{TB: t, now: monday, s: session.New(&session.Env{
		Catalogue: testCatalogue(t),
		Site: session.Site{
			Kiosk: "k-1", Unit: "UBND phường Ba Đình", UnitCode: "00004", Name: "Điểm hỗ trợ số 2", Phone: "024 1234",
			Agency: "000.00.06.H26", FilingRequires: "read", Counters: true, Training: true,
			Channels: map[string]string{"1.001193": "direct"},
		},
	})}
	k.s.Visit.Token, k.s.Visit.Receipt = "visit-token", "K7QD3M9XV2TA"
	return k.on(
		session.CardLevel{Level: card.NoCard}, session.PrinterLevel{Level: printer.Ready}, session.LinkLevel{State: "up"},
		session.QueueFigures{Waiting: map[string]int{"ho-tich": 4, "cu-tru": 1}},
	)
}

func (k *kiosk) on(evs ...session.Event) *kiosk {
	for _, ev := range evs {
		k.s, _ = k.s.Step(ev, k.now)
	}
	return k
}

func (k *kiosk) press(action, value string, values map[string]string) *kiosk {
	return k.on(session.Pressed{Action: action, Screen: k.s.Epoch, Value: value, Values: values})
}

func (k *kiosk) wait(d time.Duration) *kiosk {
	k.now = k.now.Add(d)
	return k.on(session.Timeout{})
}

func (k *kiosk) read() *kiosk {
	k.on(session.CardLevel{Level: card.CardIn}).wait(3*time.Second).press("digits", "054321", nil)
	return k.on(session.CardRead{
		Asked: k.s.Visit.Pending, Identity: chi, Model: "2024", Access: "PACE-CAN", Portrait: "face",
		Verdict: cccd.Verdict{Grade: cccd.GradeSigned},
	})
}

func (k *kiosk) question(name string) *kiosk {
	k.read().press("next", "", nil).press("file", "", nil).press("service", "ho-tich", nil)
	k.press("procedure", "1.001193", nil).press("next", "", nil).press("case", "1.001193.01", nil)
	answers := map[string]string{
		"nycNoiCuTru": chi.Residence, "nycDonVi": "00235", "nksHoTen": "Lê Trần Dạ", "nksNgaySinh": "01/11/2026", "nksGioiTinh": "Nữ",
		"chaMeKetHon": "yes", "soKetHon": "12/2024", "nycDienThoai": "",
	}
	for k.s.Visit.At == session.AtQuestion && k.s.Visit.Filing.Question != name {
		k.press("next", answers[k.s.Visit.Filing.Question], nil)
	}
	return k
}

func (k *kiosk) review() *kiosk {
	k.question("")
	k.press("paper", "", map[string]string{"code": "000.00.00.G15-KQ000001", "how": "e-certificate", "number": "2026-01234"})
	k.press("paper", "", map[string]string{"code": "000.00.00.G15-KQ000003", "how": "counter"})
	return k.press("next", "", nil).press("next", "", map[string]string{"process": "true"})
}

func (k *kiosk) receipt() *kiosk {
	k.review().press("confirm", "", nil)
	k.on(session.DossierRecorded{Visit: "visit-token", At: k.now, QR: "slip"})
	return k.on(session.PrintDone{Visit: "visit-token", Job: 1, Outcome: printer.Printed})
}

func (k *kiosk) view() View { return Encode(k.s, 7, k.now) }

// examples are one View a screen and more, from real states.
func examples(t testing.TB) map[string]View {
	n := func() *kiosk { return newKiosk(t) }
	sent := session.ReceiptArrived{Receipt: "K7QD3M9XV2TA", Outcome: "accepted-for-review", Code: "000.00.06.H26-261123-0001", Status: 1}
	return map[string]View{
		"attract":             n().view(),
		"attract-no-reader":   n().on(session.CardLevel{Level: card.NoReader}).view(),
		"read-card":           n().press("start", "", nil).view(),
		"read-card-digits":    n().on(session.CardLevel{Level: card.CardIn}).wait(3 * time.Second).view(),
		"reading":             n().on(session.CardLevel{Level: card.CardIn}).wait(3*time.Second).press("digits", "054321", nil).on(session.Progress{Asked: 1, Stage: cccd.StagePortrait, Percent: 60}).view(),
		"identity":            n().read().view(),
		"menu":                n().read().press("next", "", nil).view(),
		"menu-no-card":        n().press("no-card", "", nil).view(),
		"services":            n().press("quick-ticket", "", nil).view(),
		"services-no-paper":   n().press("quick-ticket", "", nil).on(session.PrinterLevel{Level: printer.PaperOut}).view(),
		"procedures":          n().read().press("next", "", nil).press("file", "", nil).press("service", "ho-tich", nil).view(),
		"procedure":           n().read().press("next", "", nil).press("file", "", nil).press("service", "ho-tich", nil).press("procedure", "1.001193", nil).view(),
		"procedure-list-only": n().press("no-card", "", nil).press("checklist", "", nil).press("search", "khai tu", nil).press("procedure", "1.000656", nil).view(),
		"case":                n().read().press("next", "", nil).press("file", "", nil).press("service", "ho-tich", nil).press("procedure", "1.001193", nil).press("next", "", nil).view(),
		"question":            n().question("nycNoiCuTru").view(),
		"question-unit":       n().question("nycDonVi").view(),
		"question-choice":     n().question("nksGioiTinh").view(),
		"question-error":      n().question("nksNgaySinh").press("next", "30/02/2026", nil).view(),
		"papers":              n().question("").press("next", "", nil).view(),
		"consent":             n().review().press("back", "", nil).view(),
		"review":              n().review().view(),
		"review-card-removed": n().review().on(session.CardLevel{Level: card.NoCard}).view(),
		"receipt-recording":   n().review().press("confirm", "", nil).view(),
		"receipt":             n().receipt().view(),
		"receipt-kept":        n().receipt().on(session.LinkLevel{State: "down"}).view(),
		"receipt-sent":        n().receipt().on(sent).view(),
		"ticket":              n().press("quick-ticket", "", nil).press("service", "cu-tru", nil).on(session.TicketRecorded{Visit: "visit-token", Ticket: session.Ticket{Number: "B002", Service: "cu-tru", Ahead: 1, Wait: 290 * time.Second, At: monday, QR: "qr"}}).view(),
		"lookup":              n().press("lookup", "", nil).view(),
		"help":                n().press("help", "", nil).view(),
		"take-card":           n().read().press("not-me", "", nil).view(),
		"sorry":               n().on(session.CardLevel{Level: card.CardIn}, session.Scanned{Text: "001199054321||x|||"}, session.CardLevel{Level: card.NoCard}).view(),
		"out-of-service":      Encode(session.New(nil), 1, monday),
		"idle":                n().press("no-card", "", nil).wait(50 * time.Second).view(),
	}
}

func TestExamples(t *testing.T) {
	shown := map[string]bool{}
	for name, v := range examples(t) {
		golden(t, name, v, func(b []byte) error { return strict[View](b) })
		shown[v.Name] = true
	}
	for _, screen := range []session.Screen{
		session.AtAttract, session.AtReadCard, session.AtReading, session.AtIdentity, session.AtMenu, session.AtServices,
		session.AtProcedures, session.AtProcedure, session.AtCase, session.AtQuestion, session.AtPapers, session.AtConsent,
		session.AtReview, session.AtReceipt, session.AtTicket, session.AtLookup, session.AtHelp, session.AtTakeCard,
		session.AtSorry, session.AtOut,
	} {
		if !shown[string(screen)] {
			t.Errorf("no example of %s", screen)
		}
	}
}

// golden holds v against testdata/name.json; null never stands there, since the
// page's types have none.
func golden(t *testing.T, name string, v any, decode func([]byte) error) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if bytes.Contains(got, []byte("null")) {
		t.Errorf("%s: null on the wire", name)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is encoded now: go test ./kiosk/wire -update", path)
	}
	if err := decode(want); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func strict[T any](b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var v T
	return d.Decode(&v)
}

func TestEncodeSaysOnlyWhatIsSo(t *testing.T) {
	ex := examples(t)
	for name, want := range map[string]string{
		"receipt-recording": "recording", "receipt": "sending", "receipt-kept": "kept", "receipt-sent": "sent",
	} {
		if got := ex[name].Receipt.State; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if ex["receipt-sent"].Screen != ex["receipt"].Screen {
		t.Error("the code's coming killed a press")
	}
	if v := ex["attract"]; v.Visit != "" || v.Who != nil {
		t.Error("a visit on attract")
	}
	if v := ex["take-card"]; v.Visit != "" || v.Who != nil {
		t.Error("a visit on take-card")
	}
	if v := ex["idle"].Idle; v == nil || v.Seconds != 25 {
		t.Errorf("idle %+v", v)
	}
	id := ex["identity"]
	if id.Identity.Verdict.Words != "verdict-signed" || id.Identity.Portrait != "/media/face" || *id.Who != (Who{"chị", "Chi"}) {
		t.Errorf("identity %+v %+v", id.Identity, id.Who)
	}
	if q := ex["question-unit"].Question; q.Value != "00235" || q.Source != "derived" || len(q.Options) != 2 {
		t.Errorf("unit %+v", q)
	}
	if q := ex["question-error"].Question; q.Error == nil || q.Error.Code != "answer-date-invalid" || q.Value != "" {
		t.Errorf("error %+v", q)
	}
}

// The personal number is masked wherever a View has it.
func TestMasked(t *testing.T) {
	for name, v := range examples(t) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), chi.PIN) {
			t.Errorf("%s shows the whole number", name)
		}
		at := session.Screen(v.Name)
		open := at == session.AtIdentity || at == session.AtReview || at == session.AtQuestion
		if strings.Contains(string(b), chi.Name) && !open {
			t.Errorf("%s shows the whole name: people stand behind", name)
		}
	}
}

func TestReview(t *testing.T) {
	r := examples(t)["review"].Review
	codes := []string{}
	for _, s := range r.Sections {
		codes = append(codes, s.Code)
	}
	if want := []string{"requester", "case", "child", "parents", "papers", "consents"}; !slices.Equal(codes, want) {
		t.Errorf("sections %v, want %v", codes, want)
	}
	facts := []string{}
	for _, f := range r.Sections[0].Facts {
		facts = append(facts, f.Name+"/"+f.Source)
	}
	want := []string{
		"personName/chip", "dateOfBirth/chip", "idCode/chip", "gender/chip", "residencePlace/chip", "fatherName/chip", "motherName/chip",
		"nycNoiCuTru/chip", "nycDonVi/derived",
	}
	if !slices.Equal(facts, want) {
		t.Errorf("requester %v, want %v", facts, want)
	}
}

// A parent's locked residence is the chip's only as long as it was not corrected.
func TestALockedCopyOfACorrectionIsNotTheChips(t *testing.T) {
	s := newKiosk(t).review().s
	line := catalogue.Reviewed{
		Question: &catalogue.Question{Name: "chaNoiCuTru", Type: catalogue.TypeText, Locked: true, CopyOf: "nycNoiCuTru"},
		Value:    "Thôn Mới, Hà Nội", Fixed: true,
	}
	for source, want := range map[string]string{"chip": "chip", "typed": "copied", "": "chip"} {
		s.Visit.Filing.Sources = map[string]string{"nycNoiCuTru": source}
		if got := reviewFact(s, line).Source; got != want {
			t.Errorf("copied from a %q answer: %q, want %q", source, got, want)
		}
	}
}

func hall() queue.State {
	at := func(m int) time.Time { return monday.Add(time.Duration(m) * time.Minute) }
	return queue.State{
		Day:      "2026-11-23",
		Counters: []queue.Counter{{Code: "1", Services: []string{"ho-tich"}}, {Code: "2"}},
		Tickets: []queue.Ticket{
			{ID: 1, Service: "ho-tich", N: 1, Number: "A001", IssuedAt: at(0), State: queue.Finished, Counter: "1", Calls: 1, CalledAt: at(1)},
			{ID: 2, Service: "cu-tru", N: 1, Number: "B001", IssuedAt: at(1), State: queue.Called, Counter: "2", Calls: 1, CalledAt: at(3)},
			{ID: 3, Service: "ho-tich", N: 2, Number: "A002", IssuedAt: at(2), State: queue.Recalled, Counter: "1", Calls: 2, CalledAt: at(5)},
			{ID: 4, Service: "ho-tich", N: 3, Number: "A003", IssuedAt: at(3), State: queue.Waiting},
			{ID: 5, Service: "cu-tru", N: 2, Number: "B002", IssuedAt: at(4), State: queue.Absent, Counter: "2", Calls: 3, CalledAt: at(4)},
		},
	}
}

func TestHall(t *testing.T) {
	c := testCatalogue(t)
	desk := Desk{Unit: "UBND phường Ba Đình", Site: "Điểm hỗ trợ số 2", Officer: "Cán bộ Một", Counter: "1"}
	v := EncodeCounter(hall(), c, desk, 3, monday)
	golden(t, "counter", v, func(b []byte) error { return strict[CounterView](b) })
	golden(t, "board", EncodeBoard(hall(), c, desk, 3, monday), func(b []byte) error { return strict[BoardView](b) })
	if want := []string{"sign-out", "call-next", "recall", "finish", "absent"}; !slices.Equal(v.Actions, want) {
		t.Errorf("actions %v, want %v", v.Actions, want)
	}
	if v.Serving.Number != "A002" || len(v.Waiting) != 1 || v.Waiting[0].Count != 1 || v.Calls[0].Number != "A002" || !v.Calls[0].Recall {
		t.Errorf("counter %+v", v)
	}

	next, _ := hall().Step(queue.Issued{Ticket: queue.Ticket{ID: 6, Service: "ho-tich", Number: "A004", IssuedAt: monday, State: queue.Waiting}}, monday)
	if got := EncodeCounter(next, c, desk, 4, monday); got.Screen != v.Screen {
		t.Error("a new ticket in the hall killed the officer's press")
	}
	ev, ok := CounterCommand{Action: "call-next", Screen: v.Screen}.Event("1")
	if !ok {
		t.Fatal("call-next means nothing")
	}
	called, _ := next.Step(ev, monday)
	got := EncodeCounter(called, c, desk, 5, monday)
	if got.Serving.Number != "A003" || got.Screen == v.Screen {
		t.Errorf("after the call %+v", got)
	}
	if _, ok := (CounterCommand{Action: "sign-out"}).Event("1"); ok {
		t.Error("sign-out is the web's, not the queue's")
	}
	if got.Screen >= 1<<53 {
		t.Error("JavaScript can't count that far")
	}
}
