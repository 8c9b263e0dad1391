package session

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
	"tiepdan/kiosk/catalogue"
)

func TestMayFile(t *testing.T) {
	grade := func(g cccd.Grade) cccd.Verdict { return cccd.Verdict{Grade: g} }
	expired := an
	expired.Expires = "22/11/2026"
	nobirth := an
	nobirth.DOB = ""
	for _, tt := range []struct {
		name    string
		id      cccd.Identity
		v       cccd.Verdict
		require string
		want    string
	}{
		{"read, policy read", an, grade(cccd.GradeRead), "read", ""},
		{"read, policy signed", an, grade(cccd.GradeRead), "signed", "not-verified"},
		{"signed, policy signed", an, grade(cccd.GradeSigned), "signed", ""},
		{"signed, policy anchored", an, grade(cccd.GradeSigned), "anchored", "not-verified"},
		{"anchored", an, grade(cccd.GradeAnchored), "anchored", ""},
		{"genuine", an, grade(cccd.GradeGenuine), "anchored", ""},
		{"failed never files", an, grade(cccd.GradeFailed), "read", "not-verified"},
		{"no grade at all", an, grade(""), "read", "not-verified"},
		{"unknown policy is the strictest", an, grade(cccd.GradeSigned), "signd", "not-verified"},
		{"a child", dung, grade(cccd.GradeGenuine), "read", "under-age"},
		{"no date of birth", nobirth, grade(cccd.GradeGenuine), "read", "under-age"},
		{"expired yesterday", expired, grade(cccd.GradeGenuine), "read", "expired"},
		{"expired, says the verdict", an, cccd.Verdict{Grade: cccd.GradeGenuine, Expired: true}, "read", "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := testEnv(t)
			env.Site.FilingRequires = tt.require
			w := begin(t, env).card(tt.id, tt.v).press("next").at(AtMenu)
			if got := w.s.MayFile(w.now); got != tt.want {
				t.Errorf("MayFile = %q, want %q", got, tt.want)
			}
			if offered := slices.Contains(actions(w), "file"); offered != (tt.want == "") {
				t.Errorf("file offered: %v", offered)
			}
			if !slices.Contains(actions(w), "ticket") {
				t.Error("no way to a number")
			}
		})
	}
}

func TestMayFileProcedure(t *testing.T) {
	env := testEnv(t)
	for _, tt := range []struct {
		name, code, want string
		change           func(*Env)
	}{
		{"offered", "1.001193", "", func(*Env) {}},
		{"no form", "1.000656", "no-form", func(*Env) {}},
		{"channel off", "1.010041", "channel-off", func(*Env) {}},
		{"channel the procedure does not have", "1.001193", "channel-off", func(e *Env) { e.Site.Channels = map[string]string{"1.001193": "postal"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := *env
			tt.change(&e)
			w := begin(t, &e).card(an, signed)
			p, _ := e.Catalogue.Procedure(tt.code)
			if got := w.s.MayFileProcedure(p, w.now); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	t.Run("holder check", func(t *testing.T) {
		w := begin(t, env).card(an, signed)
		p, _ := env.Catalogue.Procedure("1.001193")
		checked := *p
		for check, want := range map[string][2]string{
			"none": {"", ""}, "": {"", ""}, "officer": {"officer-check", ""}, "face": {"officer-check", "officer-check"}, "code": {"officer-check", "officer-check"},
		} {
			checked.Requester.HolderCheck = check
			for i, attended := range []bool{false, true} {
				e := *env
				e.Site.Attended = attended
				w.s.Env = &e
				if got := w.s.MayFileProcedure(&checked, w.now); got != want[i] {
					t.Errorf("%q, attended %v: %q, want %q", check, attended, got, want[i])
				}
			}
		}
	})
}

func TestNotFiledEndsInListAndNumber(t *testing.T) {
	w := begin(t, testEnv(t)).press("no-card").press("checklist").press("service", "ho-tich").press("procedure", "1.000656").at(AtProcedure)
	if got := actions(w); !slices.Equal(got, []string{"back", "help", "print", "restart", "ticket"}) {
		t.Fatalf("actions %v", got)
	}
	w.press("print")
	list := must[PrintPaper](w).Job.Paper.(printer.Checklist)
	if list.Procedure != "Đăng ký khai tử" || !slices.Equal(list.Papers, []string{"Giấy báo tử"}) {
		t.Errorf("list %+v", list)
	}
	w.press("ticket")
	if o := must[RecordTicket](w).Order; o.Service != "ho-tich" || o.Procedure != "1.000656" {
		t.Errorf("order %+v", o)
	}
}

func TestSearch(t *testing.T) {
	w := begin(t, testEnv(t)).press("no-card").press("checklist").press("search", "khai sinh").at(AtProcedures)
	if got := w.s.Procedures(); len(got) == 0 || got[0].Code != "1.001193" {
		t.Fatalf("found %d", len(got))
	}
	epoch := w.s.Epoch
	w.press("search", "khai tu")
	if w.s.Epoch == epoch {
		t.Error("another list, the same epoch")
	}
	w.press("procedure", "1.000656").at(AtProcedure).press("back").at(AtProcedures).press("back").at(AtServices)
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct{ name, sex, dob, want string }{
		{"Nguyễn Văn An", "Nam", "20/05/1999", "anh An"},
		{"LÊ THỊ BÌNH", "Nữ", "01/01/1944", "bà Bình"},
		{"Phạm Dũng", "Nam", "02/02/2018", "bạn Dũng"},
		{"Vũ Ê", "Nữ", "24/11/1966", "chị Ê"},
		{"Vũ Ê", "Nữ", "23/11/1966", "bà Ê"},
		{"Vũ Giáp", "Nam", "24/11/2008", "bạn Giáp"},
		{"Vũ Giáp", "Nam", "23/11/2008", "anh Giáp"},
		{"Vũ Giáp", "Nam", "", " Giáp"},
		{"Vũ Giáp", "", "23/11/1990", " Giáp"},
		{"", "Nam", "23/11/1990", "anh "},
	} {
		who := address(cccd.Identity{Name: tt.name, Sex: tt.sex, DOB: tt.dob}, monday)
		if got := who.Title + " " + who.Given; got != tt.want {
			t.Errorf("%s %s %s: %q, want %q", tt.name, tt.sex, tt.dob, got, tt.want)
		}
	}
}

func TestOpeningHours(t *testing.T) {
	w := begin(t, testEnv(t)) // Monday 9:00
	for _, tt := range []struct {
		at      string
		offered bool
	}{
		{"2026-11-23T07:59:59+07:00", false}, {"2026-11-23T08:00:00+07:00", true}, {"2026-11-23T11:29:59+07:00", true},
		{"2026-11-23T11:30:00+07:00", false}, {"2026-11-23T13:30:00+07:00", true}, {"2026-11-23T16:30:00+07:00", false},
		{"2026-11-28T09:00:00+07:00", false},
	} {
		w.now, _ = time.Parse(time.RFC3339, tt.at)
		w.on(Timeout{})
		if got := slices.Contains(actions(w), "quick-ticket"); got != tt.offered {
			t.Errorf("%s: offered %v", tt.at, got)
		}
		if w.s.Next.IsZero() || w.s.Next.Sub(w.now) > 72*time.Hour {
			t.Errorf("%s: next change %s", tt.at, w.s.Next)
		}
	}
	env := testEnv(t)
	env.Site.Counters = false
	w = begin(t, env)
	if _, why := w.s.TicketsOffered(w.now); why != "no-counters" {
		t.Errorf("why %q", why)
	}
	w = begin(t, testEnv(t)).on(QueueFigures{Closed: "closed"})
	if slices.Contains(actions(w), "quick-ticket") {
		t.Error("the hall is closed and numbers are offered")
	}
}

func TestOfficeFrom(t *testing.T) {
	env := testEnv(t)
	for at, want := range map[string]string{
		"2026-11-23T09:00:00+07:00": "09:00 23/11", "2026-11-23T12:30:00+07:00": "13:30 23/11",
		"2026-11-23T18:00:00+07:00": "08:00 24/11", "2026-11-27T17:30:00+07:00": "08:00 30/11",
	} {
		now, _ := time.Parse(time.RFC3339, at)
		if got := env.officeFrom(now).Format("15:04 02/01"); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

// What follows is said whole in each language.
func TestNextStepsSpeakOneLanguage(t *testing.T) {
	s := begin(t, testEnv(t)).s
	p, _ := s.Env.Catalogue.Procedure("1.001193")
	for _, text := range s.NextSteps(p, monday) {
		if strings.Contains(text.EN, "ngày") || strings.Contains(text.VI, " on ") {
			t.Errorf("%+v", text)
		}
	}
	if len(s.NextSteps(p, monday)) == 0 {
		t.Error("nothing is said")
	}
}

func TestDevicesGone(t *testing.T) {
	w := begin(t, testEnv(t)).on(CardLevel{card.NoReader}).at(AtAttract)
	if got := actions(w); slices.Contains(got, "start") || !slices.Contains(got, "quick-ticket") {
		t.Errorf("without a reader: %v", got)
	}
	w.on(CardLevel{card.NoCard}).on(PrinterLevel{printer.PaperOut}).press("quick-ticket").press("service", "ho-tich")
	w.on(TicketRecorded{Visit: "token-1", Ticket: Ticket{Number: "A001", Service: "ho-tich"}}).at(AtTicket)
	if _, printing := effect[PrintPaper](w); printing || w.s.Visit.Print != (Print{State: "unavailable", Why: "paper-out"}) {
		t.Errorf("print %+v", w.s.Visit.Print)
	}
	if slices.Contains(actions(w), "reprint") {
		t.Error("offers paper that can't come")
	}
	w.on(PrinterLevel{printer.Ready}).press("reprint")
	must[PrintPaper](w)

	if s := New(nil); s.Visit.At != AtOut {
		t.Errorf("without configuration: %s", s.Visit.At)
	}
	s, _ := New(nil).Step(Pressed{Action: "start"}, monday)
	s, _ = s.Step(CardLevel{card.CardIn}, monday)
	s, _ = s.Step(Scanned{anQR}, monday)
	s, _ = s.Step(Hello{"x"}, monday)
	if s, _ = s.Step(Timeout{}, monday); s.Visit.At != AtOut {
		t.Errorf("without configuration: %s", s.Visit.At)
	}
}

func TestUnknownPrint(t *testing.T) {
	ticket := func() *walk {
		w := begin(t, testEnv(t)).press("quick-ticket").press("service", "ho-tich")
		w.on(TicketRecorded{Visit: "token-1", Ticket: Ticket{Number: "A001", Service: "ho-tich"}})
		return w.on(PrintDone{Visit: "token-1", Job: 1, Outcome: printer.Unknown, Why: "offline"})
	}
	w := ticket()
	if got := actions(w); !slices.Contains(got, "printed-yes") || !slices.Contains(got, "printed-no") {
		t.Fatalf("actions %v", got)
	}
	w.press("printed-yes")
	if got := must[PaperAnswered](w); got != (PaperAnswered{"token-1", printer.KindTicket, true}) {
		t.Errorf("answered %+v", got)
	}
	if w.s.Visit.Print.State != "printed" {
		t.Errorf("print %+v", w.s.Visit.Print)
	}
	w = ticket().press("printed-no")
	if got := must[PaperAnswered](w); got.Out {
		t.Errorf("answered %+v", got)
	}
	if paper := must[PrintPaper](w).Job.Paper.(printer.Ticket); !paper.Reprint || paper.Number != "A001" {
		t.Errorf("paper %+v", paper)
	}
	w.press("printed-no").none()                                                // one job at a time
	w.on(PrintDone{Visit: "token-1", Job: 1, Outcome: printer.Printed}).none()  // of the job before
	w.on(PrintDone{Visit: "somebody", Job: 2, Outcome: printer.Printed}).none() // of another visit
	w.on(PrintDone{Visit: "token-1", Job: 2, Outcome: printer.NotPrinted, Why: "cover-open"})
	w.press("reprint").on(PrintDone{Visit: "token-1", Job: 3, Outcome: printer.Printed})
	if slices.Contains(actions(w), "reprint") {
		t.Error("prints for ever")
	}
}

func TestNotSaved(t *testing.T) {
	w := begin(t, testEnv(t)).toReview().press("confirm").on(RecordFailed{"token-0"}).at(AtReceipt)
	w.on(RecordFailed{"token-1"}).at(AtSorry)
	w.press("retry").at(AtReview).press("confirm").at(AtReceipt)
	must[RecordDossier](w)
	if d := BuildDossier(w.s, cccd.Evidence{}, w.now); d.Receipt != "K7QD3M9XV2TA" {
		t.Error("a second try must carry the same receipt number")
	}
	w.wait(60 * time.Second).at(AtSorry) // a disk that says nothing
	late := w.clone()
	late.on(DossierRecorded{Visit: "token-1", At: w.now}).at(AtReceipt) // and then does
	w.press("retry").at(AtReview).on(DossierRecorded{Visit: "token-1", At: w.now}).at(AtReview).press("confirm").at(AtReceipt)

	w = begin(t, testEnv(t)).press("quick-ticket").press("service", "ho-tich").on(RecordFailed{"token-1"}).at(AtSorry)
	w.press("retry").at(AtServices).press("service", "ho-tich")
	must[RecordTicket](w)
}

func TestHello(t *testing.T) {
	w := begin(t, testEnv(t)).on(Hello{"token-1"}).none().on(Hello{""}).none()
	w.on(Hello{"token-0"})
	find := must[FindVisit](w)
	w.on(VisitFound{Asked: find.Asked, Visit: "token-0"}).at(AtAttract)
	w.on(Hello{"token-0"})
	find = must[FindVisit](w)
	filed := &Filed{Receipt: "K7QD3M9XV2TA", Procedure: "1.001193", Code: "000.00.06.H26-261123-0001", At: w.now.Add(-time.Minute)}
	w.on(VisitFound{Asked: find.Asked - 1, Visit: "token-0", Found: Found{Filed: filed, Paper: printUnknown}}).at(AtAttract) // late
	w.on(VisitFound{Asked: find.Asked, Visit: "token-0", Found: Found{Filed: filed, Paper: printUnknown}}).at(AtReceipt)
	if w.s.Visit.Print.State != "unknown" || w.s.Visit.Slip.Applicant != "" || w.s.Visit.Slip.Code == "" {
		t.Errorf("print %+v, slip %+v", w.s.Visit.Print, w.s.Visit.Slip)
	}
	w.press("printed-no")
	must[PrintPaper](w)
	w.press("end").at(AtAttract)

	w.on(Hello{"token-0"}) // old ones are nobody's business
	filed.At = w.now.Add(-time.Hour)
	w.on(VisitFound{Asked: must[FindVisit](w).Asked, Visit: "token-0", Found: Found{Filed: filed, Paper: printUnknown}}).at(AtAttract)
	w.on(Hello{"token-0"})
	find = must[FindVisit](w)
	filed.At = w.now
	w.press("no-card").on(VisitFound{Asked: find.Asked, Visit: "token-0", Found: Found{Filed: filed, Paper: printUnknown}}).at(AtMenu) // somebody stands here now
	w.on(Hello{"token-0"}).none()
}

// After a restart the journal says how far the paper came. Only what nobody can
// know is asked.
func TestPaperIsFoundAsTheJournalHasIt(t *testing.T) {
	for _, c := range []struct {
		journal, state string
		prints, asks   bool
	}{
		{"queued", "printing", true, false},
		{"printed", "printed", false, false},
		{"not-printed", "not-printed", false, false},
		{"unknown", "unknown", false, true},
		{"printing", "unknown", false, true}, // the daemon still runs, and the page was told of it late
	} {
		w := begin(t, testEnv(t)).on(Hello{"token-0"})
		ticket := &Ticket{Number: "A001", Service: "ho-tich", At: w.now}
		w.on(VisitFound{Asked: must[FindVisit](w).Asked, Visit: "token-0", Found: Found{Ticket: ticket, Paper: c.journal}}).at(AtTicket)
		if got := w.s.Visit.Print.State; got != c.state {
			t.Errorf("%s: %s", c.journal, got)
		}
		job, prints := effect[PrintPaper](w)
		if prints != c.prints || prints && job.Job.Paper.(printer.Ticket).Reprint {
			t.Errorf("%s: printed anew %v, %+v", c.journal, prints, job.Job.Paper)
		}
		if asks := slices.Contains(actions(w), "printed-yes"); asks != c.asks {
			t.Errorf("%s: asks %v", c.journal, asks)
		}
		if prints {
			continue
		}
		// What may be out there already is marked, what certainly is not is not.
		w.press(map[bool]string{true: "printed-no", false: "reprint"}[c.asks])
		if got := must[PrintPaper](w).Job.Paper.(printer.Ticket).Reprint; got != (c.journal != "not-printed") {
			t.Errorf("%s: marked %v", c.journal, got)
		}
	}
}

func TestLookup(t *testing.T) {
	w := begin(t, testEnv(t)).press("lookup").at(AtLookup).press("next", "hello")
	if w.s.Visit.Lookup.State != "not-a-number" {
		t.Errorf("%+v", w.s.Visit.Lookup)
	}
	w.press("next", "000.00.06.H26-261122-0361")
	find := must[Find](w)
	w.on(LookedUp{Asked: find.Asked - 1, Lookup: Lookup{State: "found", Code: "X"}})
	if w.s.Visit.Lookup.State != "searching" {
		t.Errorf("a late answer counts: %+v", w.s.Visit.Lookup)
	}
	w.on(LookedUp{Asked: find.Asked, Lookup: Lookup{State: "found", Code: "000.00.06.H26-261122-0361", Status: 4}})
	if w.s.Visit.Lookup.Status != 4 || w.s.Visit.Lookup.Number != "" { // the code is no slip number
		t.Errorf("%+v", w.s.Visit.Lookup)
	}
	w.press("next", "").press("back").at(AtAttract)
}

// A procedure may have its time with its cases only: when they agree, the page
// says it before one is chosen.
func TestTimeOfAllCases(t *testing.T) {
	s, day := begin(t, testEnv(t)).s, catalogue.Text{VI: "1 ngày làm việc"}
	p := &catalogue.Procedure{Code: "1.000009", Channels: []catalogue.Channel{{Kind: "direct"}}, Cases: []catalogue.Case{{Time: day}, {Time: day}}}
	if got := s.ShownChannel(p); got.Time != day || got.Fee != (catalogue.Text{}) {
		t.Errorf("time %q and fee %q, want that of both cases and none", got.Time.VI, got.Fee.VI)
	}
	p.Cases = append(p.Cases, catalogue.Case{Time: catalogue.Text{VI: "5 ngày"}})
	if got := s.ShownChannel(p).Time.VI; got != "" {
		t.Errorf("time %q though the cases differ", got)
	}
	p.Channels[0].Time = day
	if got := s.ShownChannel(p).Time; got != day {
		t.Errorf("time %q, want the channel's own", got.VI)
	}
}
