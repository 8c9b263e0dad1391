package printer

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// A Paper is what is to be printed, as data: [Ticket], [Slip], [Checklist],
// [Acceptance], [TestPage] or [Readiness]. Where each of its fields stands is the
// layout's business ([Layouts.Document]).
type Paper interface{ values() values }

// values are the fields of a paper by the names that layouts.yaml uses.
type values struct {
	kind   Kind
	number string // for the journal
	lang   string
	text   map[string]label // also those that are empty: a layout may name no others
	list   map[string][]entry
}

// An entry is one of a list: of papers, steps, checks.
type entry struct{ text, note string }

// Ticket is a queue ticket.
type Ticket struct {
	Unit    string // UBND phường Ba Đình
	Site    string // Điểm hỗ trợ dịch vụ công số 2
	Number  string // A012
	Service string
	Where   string // area or counter; may be empty
	Ahead   int
	Wait    time.Duration // estimate; zero: not said
	At      time.Time
	QR      string // an https address to follow the turn, or words to keep; may be empty
	Reason  string // why it has priority; may be empty
	Reprint bool
	Lang    string // "vi" or "en": English adds a second line, Vietnamese always stands
}

func (t Ticket) values() values {
	ahead := ""
	if t.Ahead > 0 {
		ahead = strconv.Itoa(t.Ahead)
	}
	return values{kind: KindTicket, number: t.Number, lang: t.Lang, text: map[string]label{
		"unit": same(t.Unit), "site": same(t.Site), "number": same(t.Number), "service": same(t.Service),
		"where": same(t.Where), "ahead": same(ahead), "wait": about(t.Wait), "at": when(t.At), "qr": same(t.QR),
		"link": yes(strings.HasPrefix(t.QR, "https://")), "reason": same(t.Reason), "reprint": yes(t.Reprint),
	}}
}

// Slip is the "Phiếu nộp hồ sơ": sent, waiting for an officer to accept it. It
// names no due date and carries no queue-style number (services.md, Slips).
type Slip struct {
	Authority string // the receiving authority heads it
	Site      string
	Receipt   string // grouped, as people read it
	Code      string // official code when known
	Kept      bool   // not sent yet: there is no network, and the paper must not say otherwise
	Procedure string
	Official  string // the procedure's code
	Applicant string
	PIN       string // masked
	Papers    []SlipPaper
	Next      []string // what happens next, a sentence each
	At        time.Time
	QR        string
	Reprint   bool
	Lang      string
}

// SlipPaper is one paper of a slip and how it gets there.
type SlipPaper struct{ Name, How string }

func (s Slip) values() values {
	return values{kind: KindSlip, number: s.Receipt, lang: s.Lang, text: map[string]label{
		"authority": same(s.Authority), "site": same(s.Site), "receipt": same(s.Receipt), "code": same(s.Code),
		"kept": yes(s.Kept), "procedure": same(s.Procedure), "official": same(s.Official),
		"applicant": same(s.Applicant), "pin": same(s.PIN), "at": when(s.At), "qr": same(s.QR), "reprint": yes(s.Reprint),
	}, list: map[string][]entry{"papers": slipPapers(s.Papers), "next": sentences(s.Next)}}
}

// Checklist is a preparation list: what to bring for a procedure.
type Checklist struct {
	Unit      string
	Procedure string
	Official  string
	Fee       string
	Time      string
	Papers    []string
	Where     string
	Next      []string
	At        time.Time
	Lang      string
}

func (c Checklist) values() values {
	return values{kind: KindChecklist, number: c.Official, lang: c.Lang, text: map[string]label{
		"unit": same(c.Unit), "procedure": same(c.Procedure), "official": same(c.Official), "fee": same(c.Fee),
		"time": same(c.Time), "where": same(c.Where), "at": when(c.At),
	}, list: map[string][]entry{"papers": sentences(c.Papers), "next": sentences(c.Next)}}
}

// Acceptance is the "Thông tin tiếp nhận và hẹn trả", printed only after an
// officer has accepted the dossier (status 2) and given a date. Mẫu 01 of Circular
// 03/2025/TT-VPCP is signed and lies at the end of the QR code; this paper has its
// facts and no signatures.
type Acceptance struct {
	Authority string
	Site      string
	Code      string // official code
	Receipt   string
	Procedure string
	Official  string
	Papers    []SlipPaper
	Received  time.Time
	Due       time.Time
	Where     string // where the result is handed out
	QR        string
	At        time.Time
	Reprint   bool
	Lang      string
}

func (a Acceptance) values() values {
	return values{kind: KindAcceptance, number: a.Receipt, lang: a.Lang, text: map[string]label{
		"authority": same(a.Authority), "site": same(a.Site), "code": same(a.Code), "receipt": same(a.Receipt),
		"procedure": same(a.Procedure), "official": same(a.Official), "received": when(a.Received), "due": when(a.Due),
		"where": same(a.Where), "qr": same(a.QR), "at": when(a.At), "reprint": yes(a.Reprint),
	}, list: map[string][]entry{"papers": slipPapers(a.Papers)}}
}

// TestPage shows a technician that a printer speaks Vietnamese and cuts in the
// right place.
type TestPage struct {
	Profile string
	Port    string
	Kiosk   string // may be empty
	At      time.Time
	Lang    string
}

func (t TestPage) values() values {
	return values{kind: KindTest, number: t.Profile, lang: t.Lang, text: map[string]label{
		"profile": same(t.Profile), "port": same(t.Port), "kiosk": same(t.Kiosk), "at": when(t.At),
		"letters": same(Letters()), "qr": same("TIEPDAN-TEST " + t.Profile),
	}}
}

// Readiness is the technician's report that a kiosk may be opened, or why not.
type Readiness struct {
	Kiosk, Unit, Site string
	Ready             bool
	Checks            []Check
	At                time.Time
	Lang              string
}

// A Check is one line of a readiness report.
type Check struct {
	Name string // Máy in
	Says string // EPSON TM-T82, in được
	Note string // what to do; may be empty
}

func (r Readiness) values() values {
	checks := make([]entry, len(r.Checks))
	table := map[string][]entry{}
	for i, c := range r.Checks {
		checks[i] = entry{c.Name + ": " + c.Says, c.Note}
	}
	table["checks"] = checks
	return values{kind: KindReadiness, number: r.Kiosk, lang: r.Lang, text: map[string]label{
		"kiosk": same(r.Kiosk), "unit": same(r.Unit), "site": same(r.Site), "ready": yes(r.Ready), "at": when(r.At),
	}, list: table}
}

func slipPapers(papers []SlipPaper) []entry {
	out := make([]entry, len(papers))
	for i, p := range papers {
		out[i] = entry{p.Name, p.How}
	}
	return out
}

func sentences(texts []string) []entry {
	out := make([]entry, len(texts))
	for i, t := range texts {
		out[i].text = t
	}
	return out
}

// Letters are the 134 letters that Vietnamese has beside A to Z: twelve vowels
// with five tones, the six vowels and đ with marks of their own, in both cases.
func Letters() string {
	const vowels = "aàảãáạ ăằẳẵắặ âầẩẫấậ eèẻẽéẹ êềểễếệ iìỉĩíị oòỏõóọ ôồổỗốộ ơờởỡớợ uùủũúụ ưừửữứự yỳỷỹýỵ đ"
	return vowels + " " + strings.ToUpper(vowels)
}

// Papers carry names; logs never do. What may be logged of one is its kind.

func (d Document) String() string       { return "document " + string(d.Kind) }
func (d Document) GoString() string     { return d.String() }
func (d Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

func (Slip) String() string       { return string(KindSlip) }
func (Slip) GoString() string     { return string(KindSlip) }
func (Slip) LogValue() slog.Value { return slog.StringValue(string(KindSlip)) }

func (Ticket) String() string       { return string(KindTicket) }
func (Ticket) GoString() string     { return string(KindTicket) }
func (Ticket) LogValue() slog.Value { return slog.StringValue(string(KindTicket)) }

func (Checklist) String() string       { return string(KindChecklist) }
func (Checklist) GoString() string     { return string(KindChecklist) }
func (Checklist) LogValue() slog.Value { return slog.StringValue(string(KindChecklist)) }

func (Acceptance) String() string       { return string(KindAcceptance) }
func (Acceptance) GoString() string     { return string(KindAcceptance) }
func (Acceptance) LogValue() slog.Value { return slog.StringValue(string(KindAcceptance)) }
