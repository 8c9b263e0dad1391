// Package wire is the UI protocol: a whole View goes down, newest wins; a
// Command comes up. It is the one place where session state becomes JSON. The
// UI's types (ui/shared/wire.gen.ts) are generated from the Go types here and
// testdata/*.json are examples both sides test against.
package wire

import "tiepdan/kiosk/catalogue"

// Text is a catalogue text in both languages; the page picks.
type Text = catalogue.Text

// A View is all the page needs to draw itself. Fixed texts are codes, which
// ui/shared translates; texts of the catalogue come as [Text].
type View struct {
	Rev     uint64   `json:"rev"`    // counts pushes
	Screen  uint64   `json:"screen"` // the interaction epoch: changes when what may be pressed changes
	Name    string   `json:"name"`   // "attract": testid screen-attract
	Visit   string   `json:"visit"`  // the token the page keeps; empty when no visit
	Comfort Comfort  `json:"comfort"`
	Site    Site     `json:"site"`
	Steps   *Steps   `json:"steps,omitempty"` // where am I
	Who     *Who     `json:"who,omitempty"`   // header: given name only, people stand behind
	Actions []string `json:"actions"`         // what may be pressed: "next" is testid go-next
	Ask     *Ask     `json:"ask,omitempty"`   // a question over the screen: start over?
	Idle    *Idle    `json:"idle,omitempty"`  // the countdown, once it shows
	Notice  *Notice  `json:"notice,omitempty"`
	Devices Devices  `json:"devices"`

	// The body of the screen called Name: exactly one, or none.
	Attract    *Attract    `json:"attract,omitempty"`
	ReadCard   *ReadCard   `json:"readCard,omitempty"`
	Reading    *Reading    `json:"reading,omitempty"`
	Identity   *Identity   `json:"identity,omitempty"`
	Menu       *Menu       `json:"menu,omitempty"`
	Services   *Services   `json:"services,omitempty"`
	Procedures *Procedures `json:"procedures,omitempty"`
	Procedure  *Procedure  `json:"procedure,omitempty"`
	Case       *Case       `json:"case,omitempty"`
	Question   *Question   `json:"question,omitempty"`
	Papers     *Papers     `json:"papers,omitempty"`
	Consent    *Consent    `json:"consent,omitempty"`
	Review     *Review     `json:"review,omitempty"`
	Receipt    *Receipt    `json:"receipt,omitempty"`
	Ticket     *Ticket     `json:"ticket,omitempty"`
	Lookup     *Lookup     `json:"lookup,omitempty"`
	Help       *Help       `json:"help,omitempty"`
	TakeCard   *TakeCard   `json:"takeCard,omitempty"`
	Sorry      *Sorry      `json:"sorry,omitempty"`
	OutOf      *OutOf      `json:"outOfService,omitempty"`
}

// Comfort is how the person wants to see it; reset at the end of the visit.
type Comfort struct {
	Lang     string `json:"lang"`     // vi | en
	Size     string `json:"size"`     // s | m | l | xl
	Contrast string `json:"contrast"` // light | dark | black | yellow
	Reach    bool   `json:"reach"`    // everything in the lower 60 cm
}

type Site struct {
	Unit     string `json:"unit"`
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Training bool   `json:"training"` // simulated devices: say so
}

type Steps struct {
	Now int `json:"now"` // 1-based
	Of  int `json:"of"`
}

// Who is how to address the person: Title "anh", "chị", "ông", "bà", "bạn", or "" when unknown.
type Who struct {
	Title string `json:"title"`
	Given string `json:"given"`
}

// Ask is a question laid over the screen; its answers are actions ("restart-yes", "restart-no").
type Ask struct {
	Code string `json:"code"` // "restart" | "end" | "card-removed"
}

// Idle is the countdown before everything is forgotten; any touch extends it.
type Idle struct {
	Seconds int `json:"seconds"`
}

// A Notice is one calm word on the screen: saving, qr-seen, qr-unreadable, not-ours,
// qr-other-card, six-digits, card-returned, paper, ecert, consent, or what the
// catalogue says of an answer (answer-…).
type Notice struct {
	Code string            `json:"code"`
	Kind string            `json:"kind"` // calm | warn | bad
	Args map[string]string `json:"args,omitempty"`
}

// Devices are levels the screens may mention.
type Devices struct {
	Reader  string `json:"reader"`  // ready | gone
	Card    bool   `json:"card"`    // something lies on it
	Printer string `json:"printer"` // printer.Level
	Link    string `json:"link"`    // up | down | forbidden
}

type Attract struct {
	Tickets bool   `json:"tickets"` // numbers are offered now
	WhyNot  string `json:"whyNot"`  // "closed" | "no-counters": a code
	Filing  bool   `json:"filing"`
	Notice  *Text  `json:"notice,omitempty"` // a word of the centre's
}

type ReadCard struct {
	State string `json:"state"` // lay | wait-key | ask-digits | wrong-digits | not-a-card | unreadable | no-reader
	Tries int    `json:"tries"` // left
}

type Reading struct {
	Stage   string `json:"stage"` // access | read | portrait | verify
	Percent int    `json:"percent"`
}

// A Fact is label, value, and where it came from. Code names a fixed label,
// Label one of the catalogue.
type Fact struct {
	Name   string `json:"name"`            // testid fact-<name>: a chip name (personName, idCode, …), a question's, a paper's code
	Label  *Text  `json:"label,omitempty"` // nil: a label ui/shared knows by Name
	Value  string `json:"value"`
	Text   *Text  `json:"text,omitempty"`   // a value that has two languages (an option's label)
	Source string `json:"source,omitempty"` // chip | qr | typed | derived | copied
	Edit   string `json:"edit,omitempty"`   // question to go to, when it may be changed: action "edit" with this value
}

type Identity struct {
	Portrait string  `json:"portrait"` // URL, empty when there is none
	Facts    []Fact  `json:"facts"`
	Verdict  Verdict `json:"verdict"`
	Labels   string  `json:"labels"` // "2021" | "2024": the card's own labels
}

// Verdict in codes the page has words for; they claim no more than was checked.
type Verdict struct {
	Words   string `json:"words"`  // verdict-anchored | verdict-signed | verdict-signed-chip | verdict-read | verdict-failed | verdict-genuine
	Filing  bool   `json:"filing"` // may file with this card here
	WhyNot  string `json:"whyNot,omitempty"`
	Expired bool   `json:"expired,omitempty"`
}

type Menu struct {
	Tickets bool   `json:"tickets"`
	Waiting int    `json:"waiting"` // people waiting in the hall
	Filing  bool   `json:"filing"`
	WhyNot  string `json:"whyNot,omitempty"` // why filing is not offered: no-card | under-age | not-verified | expired | ...
}

type Services struct {
	For     string        `json:"for"` // ticket | file | checklist
	Items   []ServiceItem `json:"items"`
	NoPaper string        `json:"noPaper,omitempty"` // "printer": known before the press, a number will be on screen alone
}

type ServiceItem struct {
	Code   string `json:"code"` // testid service-<code>, action "service" with this value
	Name   Text   `json:"name"`
	Hint   Text   `json:"hint"`
	Icon   string `json:"icon"`
	Letter string `json:"letter"`
	Ahead  int    `json:"ahead"`
}

type Procedures struct {
	Service *Text           `json:"service,omitempty"` // nil: search results
	Query   string          `json:"query"`
	Items   []ProcedureItem `json:"items"`
}

type ProcedureItem struct {
	Code     string `json:"code"` // testid procedure-<code>, action "procedure" with this value
	Name     Text   `json:"name"`
	Official string `json:"official"`
	Files    bool   `json:"files"` // can be filed here
}

type Procedure struct {
	Code      string          `json:"code"`
	Name      Text            `json:"name"`
	Official  string          `json:"official"`
	Authority Text            `json:"authority"`
	Fee       Text            `json:"fee"`  // empty: "hỏi cán bộ"
	Time      Text            `json:"time"` // empty: "hỏi cán bộ"
	Channel   string          `json:"channel"`
	Papers    []Text          `json:"papers"`
	Notes     []Text          `json:"notes"`
	Files     bool            `json:"files"`
	WhyNot    string          `json:"whyNot,omitempty"` // no-form | channel-off | no-card | under-age | not-verified | expired | officer-check
	Offer     []ProcedureItem `json:"offer,omitempty"`
	Mourning  bool            `json:"mourning,omitempty"`
	Print     Print           `json:"print"` // of the preparation list
}

type Case struct {
	Procedure Text       `json:"procedure"`
	Items     []CaseItem `json:"items"`
	Chosen    string     `json:"chosen"`
}

type CaseItem struct {
	Code string `json:"code"` // testid case-<code>, action "case" with this value
	Name Text   `json:"name"`
	Hint Text   `json:"hint"`
	Time Text   `json:"time"`
	Fee  Text   `json:"fee"`
}

// Question is one field on one screen. The page keeps what is typed until
// go-next, whose value it is; a push with the same Screen never overwrites it.
type Question struct {
	Procedure   Text     `json:"procedure"`
	Section     string   `json:"section"`
	SectionName Text     `json:"sectionName"`
	Index       int      `json:"index"` // 1-based
	Of          int      `json:"of"`
	Name        string   `json:"name"` // testid field-<name>, on the input itself
	Label       Text     `json:"label"`
	Hint        Text     `json:"hint"`
	Type        string   `json:"type"`
	Required    bool     `json:"required"`
	Options     []Option `json:"options,omitempty"` // of a choice or a unit; testid option-<value>
	Value       string   `json:"value"`
	Source      string   `json:"source,omitempty"`
	Error       *Notice  `json:"error,omitempty"`
	Skip        Text     `json:"skip"`      // what follows from leaving it empty, when that is allowed
	MaxLength   int      `json:"maxLength"` // in letters; 0: the page's own limit
	Partial     bool     `json:"partial"`   // a date may be only a year, or month and year
}

type Option struct {
	Value string `json:"value"`
	Label Text   `json:"label"`
}

// Papers: every paper on one screen, each with its own choice.
type Papers struct {
	Items []PaperItem `json:"items"`
	Error *Notice     `json:"error,omitempty"`
}

type PaperItem struct {
	Code     string `json:"code"` // testids paper-<code>-counter, paper-<code>-ecert, field-ecert-<code>
	Name     Text   `json:"name"`
	Hint     Text   `json:"hint"`
	Group    string `json:"group,omitempty"` // one of the group is enough
	Optional bool   `json:"optional"`
	ECert    *Text  `json:"ecert,omitempty"` // label of the number, when one may be given
	How      string `json:"how"`             // "" | counter | e-certificate
	Number   string `json:"number"`
	Error    string `json:"error,omitempty"`
}

type Consent struct {
	Purposes []Purpose `json:"purposes"`
	Error    *Notice   `json:"error,omitempty"`
}

type Purpose struct {
	Code     string `json:"code"` // testid field-consent-<code>, a checkbox, unticked
	Text     Text   `json:"text"`
	Required bool   `json:"required"`
	Given    bool   `json:"given"`
	// Consequence of not agreeing.
	Consequence Text `json:"consequence"`
}

type Review struct {
	Procedure Text            `json:"procedure"`
	Sections  []ReviewSection `json:"sections"` // "requester" (from the chip) first, then the form's, then papers
}

type ReviewSection struct {
	Code  string `json:"code"`           // requester (from the chip) | case | the form's own | papers | consents
	Name  *Text  `json:"name,omitempty"` // of the form's own sections
	Facts []Fact `json:"facts"`
}

// Receipt is the promise. State says only what is so.
type Receipt struct {
	Number    string `json:"number"` // grouped
	Code      string `json:"code"`   // official, when known
	State     string `json:"state"`  // recording | sending | kept | sent | refused | looked-at (quarantined)
	Status    int    `json:"status"` // One-Stop's 1–10
	Reason    string `json:"reason,omitempty"`
	Procedure Text   `json:"procedure"`
	Authority Text   `json:"authority"`
	Bring     []Text `json:"bring,omitempty"` // originals to bring
	Next      []Text `json:"next"`
	QR        string `json:"qr"` // URL of a picture
	Print     Print  `json:"print"`
	Mourning  bool   `json:"mourning,omitempty"`
}

type Ticket struct {
	Number  string `json:"number"`
	Service Text   `json:"service"`
	Ahead   int    `json:"ahead"`
	Minutes int    `json:"minutes"` // estimate, 0: not said
	QR      string `json:"qr"`
	Print   Print  `json:"print"`
}

// Print is how the paper is doing: "" (not asked) | printing | printed | not-printed | unknown | unavailable.
// unknown asks "Phiếu đã in ra chưa?": actions printed-yes, printed-no.
type Print struct {
	State string `json:"state"`
	Why   string `json:"why,omitempty"` // paper-out | cover-open | offline
}

type Lookup struct {
	State   string `json:"state"` // ask | searching | found | not-found | offline | not-a-number | not-ours | ticket-waiting | ticket-called | ticket-over
	Number  string `json:"number,omitempty"`
	Code    string `json:"code,omitempty"`
	Status  int    `json:"status,omitempty"`
	Kept    bool   `json:"kept,omitempty"`    // still in this machine, not yet sent
	Ahead   int    `json:"ahead,omitempty"`   // before a queue number that waits
	Counter string `json:"counter,omitempty"` // that called it

	Received string `json:"received,omitempty"` // dates, dd/mm/yyyy, once accepted
	Due      string `json:"due,omitempty"`
	Print    *Print `json:"print,omitempty"` // of the paper with these
}

type Help struct {
	Topic string `json:"topic"` // the screen it was asked on
}

type TakeCard struct {
	Left bool `json:"left"` // forgotten: "Có thẻ để quên", no name
}

type Sorry struct {
	Code string `json:"code"` // card-removed | card-broken | no-reader | not-saved | wrong-digits
}

type OutOf struct {
	Reasons []string `json:"reasons"`          // health codes
	Notice  *Text    `json:"notice,omitempty"` // a word of the centre's
}

// A Command is one press, or what the page itself says (hello, touch).
type Command struct {
	Action string            `json:"action"` // "next" is button go-next; hello, touch, language, size, contrast, reach, service, procedure, case, paper, edit, search, digits, scan (by a scanner that types, on any screen)
	Screen uint64            `json:"screen"` // the epoch it was pressed on; a press on one that is gone is dropped
	Value  string            `json:"value,omitempty"`
	Values map[string]string `json:"values,omitempty"` // consents by purpose, paper {code, how, number}
	Visit  string            `json:"visit,omitempty"`  // hello: the token the page kept
}
