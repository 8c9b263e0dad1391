package session

import (
	"slices"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
)

func TestTwoPressesToANumber(t *testing.T) {
	w := begin(t, testEnv(t)).at(AtAttract)
	w.press("quick-ticket").at(AtServices)
	w.press("service", "cu-tru")
	order := must[RecordTicket](w).Order
	if order.Service != "cu-tru" || order.Visit != "token-1" {
		t.Errorf("order %+v", order)
	}
	w.press("service", "cu-tru").none() // a second tap while it is being saved
	w.on(TicketRecorded{Visit: "token-1", Ticket: Ticket{Number: "B007", Service: "cu-tru", Ahead: 3, At: w.now}}).at(AtTicket)
	paper := must[PrintPaper](w).Job.Paper.(printer.Ticket)
	if paper.Number != "B007" || paper.Ahead != 3 || paper.Service != "Cư trú, căn cước" || paper.Reprint {
		t.Errorf("paper %+v", paper)
	}
	w.on(PrintDone{Visit: "token-1", Job: 1, Outcome: printer.Printed})
	w.press("end").at(AtAttract)
}

func TestWholeFiling(t *testing.T) {
	w := begin(t, testEnv(t)).toReview()
	w.press("confirm").at(AtReceipt)
	must[RecordDossier](w)
	if got := w.s.Actions(w.now); len(got) > 0 {
		t.Errorf("while recording one may press %v", got)
	}
	d := BuildDossier(w.s, cccd.Evidence{SOD: []byte("sod"), DG1: []byte("dg1"), DG13: []byte("dg13")}, w.now)
	if err := d.Validate(); err == nil {
		t.Error("the test's receipt number has no check character and yet passes")
	}
	for name, want := range map[string]string{
		"nycHoTen": an.Name, "nycSoGiayTo": an.PIN, "nksHoTen": "Nguyễn Thị Canh", "nksNgaySinh": "01/11/2026",
		"nycDonVi": "00004", "nycDienThoai": "0912345678",
	} {
		if d.Answers[name] != want {
			t.Errorf("%s = %q, want %q", name, d.Answers[name], want)
		}
	}
	if len(d.Papers) != 2 || d.Papers[0].Number != "2026-01234" || d.Papers[0].Kind != "giay-chung-sinh" || d.Papers[1].How != "counter" {
		t.Errorf("papers %+v", d.Papers)
	}
	if len(d.Consents) != 2 || !d.Consents[0].Given || d.Consents[1].Given {
		t.Errorf("consents %+v", d.Consents)
	}
	w.on(DossierRecorded{Visit: "token-1", At: w.now})
	slip := must[PrintPaper](w).Job.Paper.(printer.Slip)
	if up := w.s.Levels.Link == "up"; slip.Kept == up {
		t.Errorf("the slip says kept %v while the link is up %v", slip.Kept, up)
	}
	if slip.Authority != "UBND phường Ba Đình" || slip.PIN != "0010••••••45" || len(slip.Papers) != 2 || len(slip.Next) != 2 {
		t.Errorf("slip %+v", slip)
	}
	if w.s.Visit.Holder != nil || w.s.Visit.Filing.Answers != nil || w.s.Visit.Key != (card.Key{}) {
		t.Error("the holder is still known after the dossier was recorded")
	}
	epoch := w.s.Epoch
	w.on(PrintDone{Visit: "token-1", Job: 1, Outcome: printer.Printed})
	w.on(ReceiptArrived{Receipt: "K7QD3M9XV2TA", Outcome: "accepted-for-review", Code: "000.00.06.H26-261123-0001", Status: 1})
	w.on(LinkLevel{"down"}).on(QueueFigures{Waiting: map[string]int{"ho-tich": 4}})
	if w.s.Epoch != epoch {
		t.Error("late news killed a press")
	}
	if w.s.Visit.Filed.Code == "" || w.s.Visit.Slip.Code == "" {
		t.Error("the code did not arrive")
	}
	w.press("reprint")
	if slip := must[PrintPaper](w).Job.Paper.(printer.Slip); !slip.Reprint || slip.Code == "" || slip.Kept {
		t.Errorf("reprint %+v", slip)
	}
	w.on(CardLevel{card.CardMute}) // nothing lost: the dossier is recorded
	w.at(AtReceipt).press("end").at(AtTakeCard).on(CardLevel{card.NoCard}).at(AtAttract)
}

func TestConfirmTwiceRecordsOnce(t *testing.T) {
	w := begin(t, testEnv(t)).toReview()
	twice := Pressed{Action: "confirm", Screen: w.s.Epoch}
	w.on(twice)
	must[RecordDossier](w)
	w.on(twice).none()
	w.on(DossierRecorded{Visit: "token-1", At: w.now})
	w.on(twice).none()
	w.on(DossierRecorded{Visit: "token-1", At: w.now}).none()
}

func TestStalePress(t *testing.T) {
	w := begin(t, testEnv(t))
	old := w.s.Epoch
	w.press("quick-ticket").at(AtServices)
	w.on(Pressed{Action: "service", Value: "ho-tich", Screen: old}).none().at(AtServices)
	w.on(Pressed{Action: "back", Screen: old}).at(AtServices)
	w.on(Pressed{Action: "confirm", Screen: w.s.Epoch}).none().at(AtServices) // not on this screen
	w.press("service", "nonsense").none().at(AtServices)
}

func TestComfortKillsNoPress(t *testing.T) {
	w := begin(t, testEnv(t))
	epoch := w.s.Epoch
	w.press("language", "en").press("size", "xl").press("contrast", "yellow").press("reach", "true").press("size", "huge")
	if w.s.Epoch != epoch {
		t.Error("comfort changed the epoch")
	}
	if want := (Comfort{"en", "xl", "yellow", true}); w.s.Visit.Comfort != want {
		t.Errorf("comfort %+v, want %+v", w.s.Visit.Comfort, want)
	}
	w.wait(44 * time.Second)
	if w.s.Visit.Comfort.Lang != "en" {
		t.Error("language gone too early")
	}
	w.wait(time.Second)
	if w.s.Visit.Comfort != w.s.Env.comfort() {
		t.Error("the next person finds the last one's language")
	}
	w.press("language", "en").press("start").wait(45 * time.Second).wait(30 * time.Second).at(AtAttract)
	if w.s.Visit.Comfort.Lang != "vi" {
		t.Error("language outlives the visit")
	}
}

func TestIdle(t *testing.T) {
	w := begin(t, testEnv(t)).press("no-card").at(AtMenu)
	w.wait(44 * time.Second)
	if _, shown := w.s.Countdown(w.now); shown {
		t.Error("counts down too early")
	}
	if w.s.Next != w.now.Add(time.Second) {
		t.Errorf("next timer in %s", w.s.Next.Sub(w.now))
	}
	w.wait(time.Second)
	if n, shown := w.s.Countdown(w.now); !shown || n != 30 {
		t.Errorf("countdown %d %v", n, shown)
	}
	epoch := w.s.Epoch
	w.wait(29 * time.Second).on(Touched{})
	if _, shown := w.s.Countdown(w.now); shown || w.s.Epoch != epoch {
		t.Error("a touch must end the countdown and kill no press")
	}
	w.wait(74 * time.Second).at(AtMenu).wait(time.Second).at(AtAttract)
	w.wait(24 * time.Hour).at(AtAttract)

	begin(t, testEnv(t)).toReview().wait(149 * time.Second).at(AtReview).wait(time.Second).at(AtTakeCard)
}

func TestRestartAsks(t *testing.T) {
	w := begin(t, testEnv(t)).toReview().press("restart").at(AtReview)
	w.press("restart-no").at(AtReview)
	if w.s.Visit.Ask != "" || w.s.Visit.Filing.Answers == nil {
		t.Error("no means no")
	}
	w.press("restart").press("restart-yes").at(AtTakeCard)
}

func TestHelpLosesNothing(t *testing.T) {
	w := begin(t, testEnv(t)).toReview().press("edit", "nksHoTen").at(AtQuestion).press("help").at(AtHelp)
	w.press("back").at(AtQuestion)
	if w.s.Visit.Filing.Question != "nksHoTen" {
		t.Error("another question")
	}
	w.press("next", "Nguyễn Thị Dạ").at(AtReview)
	if w.s.Visit.Filing.Answers["nksHoTen"] != "Nguyễn Thị Dạ" {
		t.Error("the change is lost")
	}
	begin(t, testEnv(t)).press("help").at(AtHelp).press("back").at(AtAttract)
}

func TestEditAsksWhatItOpens(t *testing.T) {
	w := begin(t, testEnv(t)).toReview().press("edit", "chaMeKetHon").press("next", "no").at(AtReview)
	if _, there := w.s.Procedure().Form.Complete(w.s.Visit.Filing.Answers, w.s.Chip())["soKetHon"]; there {
		t.Error("an answer that is no longer asked goes with the dossier")
	}
	w.press("edit", "case").at(AtCase).press("case", "1.001193.02").at(AtReview)
	w.press("edit", "papers").at(AtPapers).values("paper", map[string]string{"code": "000.00.00.G15-KQ000001", "how": ""})
	w.press("next").at(AtPapers)
	if w.s.Visit.Notice.Code != "paper" {
		t.Errorf("notice %q", w.s.Visit.Notice.Code)
	}
	w.press("back").at(AtReview).press("confirm").at(AtPapers) // confirm finds what is open
	w.values("paper", map[string]string{"code": "000.00.00.G15-KQ000002", "how": "counter"}).press("next").at(AtReview)
	w.press("edit", "consent").at(AtConsent).values("next", nil).at(AtConsent)
	if w.s.Visit.Notice.Code != "consent" {
		t.Errorf("notice %q", w.s.Visit.Notice.Code)
	}
}

func TestBackKeepsAnswers(t *testing.T) {
	w := begin(t, testEnv(t)).toReview()
	for range 30 {
		if w.s.Visit.At == AtMenu {
			break
		}
		w.press("back")
	}
	w.at(AtMenu)
	if got := w.s.Visit.Filing.Answers["nksHoTen"]; got != "Nguyễn Thị Canh" {
		t.Errorf("answer %q", got)
	}
	w.press("file").press("service", "cu-tru").press("procedure", "1.010041")
	if w.s.Visit.Filing.Answers != nil {
		t.Error("answers of one procedure went to another")
	}
}

func TestWrongAnswerStays(t *testing.T) {
	w := begin(t, testEnv(t)).toReview().press("edit", "nksNgaySinh")
	epoch := w.s.Epoch
	w.press("next", "30/02/2026").at(AtQuestion)
	if w.s.Visit.Notice.Code != "answer-date-invalid" || w.s.Epoch != epoch {
		t.Errorf("notice %q, epoch %d → %d", w.s.Visit.Notice.Code, epoch, w.s.Epoch)
	}
	w.press("next", "1/1/2027").at(AtQuestion)
	if w.s.Visit.Notice.Code != "answer-date-future" {
		t.Errorf("notice %q", w.s.Visit.Notice.Code)
	}
	w = begin(t, testEnv(t)).toReview().press("edit", "nycDonVi").press("next", "99999").at(AtQuestion)
	if w.s.Visit.Notice.Code != "answer-unit" {
		t.Errorf("notice %q", w.s.Visit.Notice.Code)
	}
}

func TestAuthority(t *testing.T) {
	for _, test := range []struct{ procedure, unit, vi, en string }{
		{"1.010041", "UBND phường Ba Đình", "Công an phường Ba Đình", "Police of phường Ba Đình"},
		{"1.010041", "UBND xã Mẫu", "Công an xã Mẫu", "Police of xã Mẫu"},
		{"1.001193", "UBND phường Ba Đình", "UBND phường Ba Đình", "UBND phường Ba Đình"},
	} {
		env := testEnv(t)
		env.Site.Unit = test.unit
		p, _ := env.Catalogue.Procedure(test.procedure)
		if got := begin(t, env).s.Authority(p); got.VI != test.vi || got.EN != test.en {
			t.Errorf("%s at %s: %+v", test.procedure, test.unit, got)
		}
	}
}

func TestMessagesAreAgreedToOnlyWithAPhone(t *testing.T) {
	env := testEnv(t)
	c := *env.Catalogue
	c.Consents = slices.Clone(c.Consents)
	c.Consents[1].WhenFilled = []string{catalogue.TypePhone}
	env.Catalogue = &c
	w := begin(t, env).toReview()
	purposes := func() int { return len(BuildDossier(w.s, cccd.Evidence{}, w.now).Consents) }
	if purposes() != 2 {
		t.Errorf("%d purposes with a phone", purposes())
	}
	w.press("edit", "nycDienThoai").press("next", "").at(AtReview)
	if purposes() != 1 {
		t.Errorf("%d purposes without a phone", purposes())
	}
	// Agreed to again without it, then a phone after all: that purpose is put to the person.
	w.press("edit", "consent").values("next", map[string]string{"process": "true"}).at(AtReview)
	w.press("edit", "nycDienThoai").press("next", "0912 345 678").at(AtConsent)
	w.values("next", map[string]string{"process": "true", "contact": "true"}).at(AtReview)
	if d := BuildDossier(w.s, cccd.Evidence{}, w.now); len(d.Consents) != 2 || !d.Consents[1].Given {
		t.Errorf("consents %+v", d.Consents)
	}
}
