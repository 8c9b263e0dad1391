package session

import (
	"os"
	"slices"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
)

// A Monday, 9:00 in Hanoi.
var monday = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// Synthetic people. Their words are looked for wherever they must not be.
var (
	an = cccd.Identity{
		PIN: "001099012345", Name: "Nguyễn Văn An", DOB: "20/05/1999", Sex: "Nam", Nationality: "Việt Nam",
		Ethnicity: "Kinh", Origin: "Vũ Ninh, Kiến Xương, Thái Bình", Residence: "Số 1 Châu Long, Ba Đình, Ba Đình, Hà Nội",
		Issued: "10/08/2021", Expires: "20/05/2039", Father: "Nguyễn Văn Cha", Mother: "Trần Thị Mẹ",
		Source: map[string]cccd.Source{"name": cccd.FromChip, "pin": cccd.FromChip, "dob": cccd.FromChip},
	}
	binh = cccd.Identity{PIN: "001144054321", Name: "LÊ THỊ BÌNH", DOB: "01/01/1944", Sex: "Nữ", Residence: "Xã Bát Tràng, Hà Nội"}
	dung = cccd.Identity{PIN: "001218000077", Name: "Phạm Dũng", DOB: "02/02/2018", Sex: "Nam"}
)

const (
	anQR = "001099012345||Nguyễn Văn An|20051999|Nam|Số 1 Châu Long, Ba Đình, Ba Đình, Hà Nội|10082021"
	anIs = "010203" // never a CAN of anybody here
)

var signed = cccd.Verdict{Grade: cccd.GradeSigned, Hashes: cccd.OK, Signature: cccd.OK, Anchor: cccd.NoAnchors, Chip: cccd.Unchecked}

func testEnv(t testing.TB) *Env {
	t.Helper()
	c, err := catalogue.Load(os.DirFS("testdata/catalogue"), monday)
	if err != nil {
		t.Fatal(err)
	}
	return &Env{
		Catalogue: c,
		Site: Site{
			Kiosk: "k-1", Unit: "UBND phường Ba Đình", UnitCode: "00004", Name: "Điểm số 2", Agency: "000.00.06.H26",
			Phone: "0243", FilingRequires: "read", Counters: true,
			Channels: map[string]string{"1.001193": "direct", "1.010041": "off"},
			Hours: []Hours{
				{Days: []time.Weekday{1, 2, 3, 4, 5}, From: 8 * time.Hour, To: 12 * time.Hour},
				{Days: []time.Weekday{1, 2, 3, 4, 5}, From: 13*time.Hour + 30*time.Minute, To: 17 * time.Hour},
			},
		},
	}
}

// A walk steps through a visit by hand.
type walk struct {
	testing.TB
	s       State
	now     time.Time
	effects []Effect // of the last step
}

// begin is a kiosk with all its devices, and nobody there.
func begin(t testing.TB, env *Env) *walk {
	w := &walk{TB: t, s: New(env), now: monday}
	w.s.Visit.Token, w.s.Visit.Receipt = "token-1", "K7QD3M9XV2TA"
	w.on(CardLevel{card.NoCard}).on(PrinterLevel{printer.Ready}).on(LinkLevel{"up"}).on(ClockLevel{"synced"})
	return w
}

func (w *walk) on(ev Event) *walk {
	w.Helper()
	before := w.s
	w.s, w.effects = w.s.Step(ev, w.now)
	if (w.s.Epoch != before.Epoch) != (w.s.Face != before.Face) {
		w.Fatalf("%T: epoch %d → %d, face %q → %q", ev, before.Epoch, w.s.Epoch, before.Face, w.s.Face)
	}
	return w
}

// press presses as the page would: on the screen it sees.
func (w *walk) press(action string, value ...string) *walk {
	w.Helper()
	p := Pressed{Action: action, Screen: w.s.Epoch}
	if len(value) > 0 {
		p.Value = value[0]
	}
	return w.on(p)
}

func (w *walk) values(action string, values map[string]string) *walk {
	w.Helper()
	return w.on(Pressed{Action: action, Screen: w.s.Epoch, Values: values})
}

func (w *walk) wait(d time.Duration) *walk {
	w.Helper()
	w.now = w.now.Add(d)
	return w.on(Timeout{})
}

func (w *walk) at(want Screen) *walk {
	w.Helper()
	if w.s.Visit.At != want {
		w.Fatalf("at %s, want %s (%+v)", w.s.Visit.At, want, w.s.Face)
	}
	return w
}

// effect finds an effect of the last step.
func effect[E Effect](w *walk) (E, bool) {
	for _, e := range w.effects {
		if e, ok := e.(E); ok {
			return e, true
		}
	}
	var none E
	return none, false
}

func must[E Effect](w *walk) E {
	w.Helper()
	e, ok := effect[E](w)
	if !ok {
		w.Fatalf("no %T among %+v", e, w.effects)
	}
	return e
}

func (w *walk) none() *walk {
	w.Helper()
	if len(w.effects) > 0 {
		w.Fatalf("effects %+v, want none", w.effects)
	}
	return w
}

// card lays a card, shows its QR and reads it as id.
func (w *walk) card(id cccd.Identity, v cccd.Verdict) *walk {
	w.Helper()
	w.on(CardLevel{card.CardIn}).on(Scanned{anQR}).at(AtReading)
	read := must[ReadCard](w)
	if read.Key.CAN != "012345" {
		w.Fatalf("key %v, want the last six of the QR's number", read.Key.CAN)
	}
	return w.on(CardRead{Asked: read.Asked, Identity: id, Verdict: v, Access: "PACE-CAN", Model: "2021"}).at(AtIdentity)
}

var childAnswers = map[string]string{
	"nycNoiCuTru": an.Residence, "nycDonVi": "00004", "nksHoTen": "nguyễn thị canh", "nksNgaySinh": "1/11/2026",
	"nksGioiTinh": "Nữ", "chaMeKetHon": "yes", "soKetHon": "12/2024", "nycDienThoai": "0912 345 678",
}

// toReview files a birth up to the review.
func (w *walk) toReview() *walk {
	w.Helper()
	w.card(an, signed).press("next").at(AtMenu).press("file").at(AtServices).press("service", "ho-tich").at(AtProcedures)
	w.press("procedure", "1.001193").at(AtProcedure).press("next").at(AtCase).press("case", "1.001193.01")
	for w.s.Visit.At == AtQuestion {
		w.press("next", childAnswers[w.s.Visit.Filing.Question])
		if w.s.Visit.Notice.Code != "" {
			w.Fatalf("%s refused: %s", w.s.Visit.Filing.Question, w.s.Visit.Notice.Code)
		}
	}
	w.at(AtPapers).values("paper", map[string]string{"code": "000.00.00.G15-KQ000001", "how": "e-certificate"})
	w.values("paper", map[string]string{"code": "000.00.00.G15-KQ000003", "how": "counter"})
	w.values("next", map[string]string{"ecert-000.00.00.G15-KQ000001": "2026-01234"}).at(AtConsent)
	return w.values("next", map[string]string{"process": "true"}).at(AtReview)
}

func actions(w *walk) []string { return slices.Sorted(slices.Values(w.s.Actions(w.now))) }

func (w *walk) clone() *walk {
	c := *w
	c.effects = slices.Clone(w.effects)
	return &c
}
