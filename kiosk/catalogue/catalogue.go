// Package catalogue is what a kiosk can do for a person: services and their
// queues, procedures with their cases, papers and forms, and the units of
// addresses. It is versioned data, one YAML file a procedure, loaded strictly:
// an error names file, field and value.
//
// The data built in stands in data/: a new procedure is a new file in
// data/procedures and a place in a line of data/services.yaml; then `kiosk
// catalogue check` says what is missing. Codes, names, fees and papers are
// facts with a source; a fee or time that no source gives stays empty, and the
// screen says "hỏi cán bộ".
//
// Forms are data too. A question may copy an earlier answer, be filled from the
// chip, be locked to that, be computed, or be asked only under a condition; all
// of it looks back only, so that [Form] settles in one pass and kiosk and
// gateway agree by running the same code.
//
// A [Catalogue] is immutable once loaded and safe for concurrent use.
package catalogue

import (
	"regexp"
	"slices"
	"strings"
)

// Text is a text for people: Vietnamese first, English complete.
type Text struct {
	VI string `yaml:"vi" json:"vi"`
	EN string `yaml:"en" json:"en"`
}

// In returns the text in lang ("vi" or "en"), Vietnamese when there is no other.
func (t Text) In(lang string) string {
	if lang == "en" && t.EN != "" {
		return t.EN
	}
	return t.VI
}

// Fill replaces {name} placeholders in both languages. A placeholder without a
// value stays visible, so that a test sees it.
func (t Text) Fill(values map[string]string) Text {
	pairs := make([]string, 0, 2*len(values))
	for name, value := range values {
		pairs = append(pairs, "{"+name+"}", value)
	}
	r := strings.NewReplacer(pairs...)
	return Text{VI: r.Replace(t.VI), EN: r.Replace(t.EN)}
}

// Catalogue is all of it, at one version. A dossier keeps the version it was
// made under.
type Catalogue struct {
	Version    string     // hash of the files, hex SHA-256
	On         Date       // the day it was loaded for
	NextChange Date       // the next day on which something else is in force; zero: none known
	Services   []*Service // in the order of the screen
	Units      []Unit     // units in force, for addresses
	Consents   []Consent  // in the order of the screen
	Slips      []Slip

	procedures map[string]*Procedure
	serviceOf  map[string]*Service
	units      map[string]Unit
	unitNames  map[string]string // folded, whole ("phuong ba dinh") and bare ("ba dinh") → code
	index      *Index
}

// Procedure returns the version of the procedure that is in force.
func (c *Catalogue) Procedure(code string) (*Procedure, bool) {
	p, ok := c.procedures[code]
	return p, ok
}

// Procedures returns all in force, in the order of the screens.
func (c *Catalogue) Procedures() []*Procedure {
	var all []*Procedure
	for _, s := range c.Services {
		for _, code := range s.Procedures {
			all = append(all, c.procedures[code])
		}
	}
	return all
}

// Service returns a line of the hall by its code.
func (c *Catalogue) Service(code string) (*Service, bool) {
	for _, s := range c.Services {
		if s.Code == code {
			return s, true
		}
	}
	return nil, false
}

// ServiceOf returns the one line of the hall that serves a procedure.
func (c *Catalogue) ServiceOf(procedure string) (*Service, bool) {
	s, ok := c.serviceOf[procedure]
	return s, ok
}

// Unit returns the unit in force with this code.
func (c *Catalogue) Unit(code string) (Unit, bool) {
	u, ok := c.units[code]
	return u, ok
}

// UnitAt proposes the unit of today for an address as cards print it, of three
// levels on most: a part that says "Phường X" or "Xã X", else the third from the
// end. A district that shares its name with a ward is not taken for it; merged
// wards have no name of their own left and get no proposal (""); the person picks.
func (c *Catalogue) UnitAt(address string) (code string) {
	parts := strings.Split(address, ",")
	for i, part := range parts {
		name := Fold(strings.TrimSpace(part))
		code, ok := c.unitNames[name]
		if ok && (i == len(parts)-3 || name == Fold(c.units[code].Name)) {
			return code
		}
	}
	return ""
}

// Slip returns the slip texts for an authority's kind: its own, or those for
// any ("other").
func (c *Catalogue) Slip(authorityKind string) (Slip, bool) {
	for _, want := range []string{authorityKind, "other"} {
		for _, s := range c.Slips {
			if s.Authority == want {
				return s, true
			}
		}
	}
	return Slip{}, false
}

// Consent returns the consent text in force for a purpose.
func (c *Catalogue) Consent(purpose string) (Consent, bool) {
	for _, k := range c.Consents {
		if k.Purpose == purpose {
			return k, true
		}
	}
	return Consent{}, false
}

// ConsentsFor returns the purposes that a form with these answers, as
// [Form.Complete] gives them, asks for: nobody agrees to messages to no phone.
func (c *Catalogue) ConsentsFor(f *Form, answers map[string]string) []Consent {
	filled := map[string]bool{}
	for _, q := range f.Questions {
		filled[q.Type] = filled[q.Type] || answers[q.Name] != ""
	}
	return slices.DeleteFunc(slices.Clone(c.Consents), func(k Consent) bool {
		return len(k.WhenFilled) > 0 && !slices.ContainsFunc(k.WhenFilled, func(kind string) bool { return filled[kind] })
	})
}

// A Service is one line of the hall and one tile on the screen: its tickets
// form one number series.
type Service struct {
	Code       string   `yaml:"code"`   // "ho-tich": also the testid service-<code>
	Letter     string   `yaml:"letter"` // "A": tickets are A001, A002, ...
	Name       Text     `yaml:"name"`
	Hint       Text     `yaml:"hint"`       // examples, in plain words
	Icon       string   `yaml:"icon"`       // a name the UI knows
	Procedures []string `yaml:"procedures"` // codes, in the order of the screen
}

// A Unit is an administrative unit (đơn vị hành chính).
type Unit struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
}

// A Consent is one purpose a resident may agree to, unticked at first. The
// record keeps Version, the version of the words that were shown.
type Consent struct {
	Purpose       string `yaml:"purpose"` // "process"
	Version       string `yaml:"version"`
	EffectiveFrom Date   `yaml:"effective_from"`
	EffectiveTo   Date   `yaml:"effective_to"`
	Required      bool   `yaml:"required"` // without it nothing is filed

	// WhenFilled are question types ("phone", "email"): the purpose is asked for
	// only when one of them has an answer. Empty: always.
	WhenFilled []string `yaml:"when_filled"`

	Text        Text `yaml:"text"`
	Consequence Text `yaml:"consequence"` // of not agreeing
}

// A Slip holds the sentences of the submission slip for authorities of one
// kind. {unit}, {from}, {phone} and {site} are filled by [Text.Fill].
type Slip struct {
	Authority     string `yaml:"authority"` // as Authority.Kind; "other" serves all the rest
	Version       string `yaml:"version"`
	EffectiveFrom Date   `yaml:"effective_from"`
	EffectiveTo   Date   `yaml:"effective_to"`
	Title         Text   `yaml:"title"`
	Status        Text   `yaml:"status"`   // what may be claimed before status 2
	Next          []Text `yaml:"next"`     // next steps, one sentence each
	Bring         Text   `yaml:"bring"`    // heads the list of originals
	NoPhone       []Text `yaml:"no_phone"` // instead of Next where no phone is configured
}

// A Procedure (thủ tục hành chính) as its decision publishes it.
type Procedure struct {
	Code          string    `yaml:"code"`      // "1.001193"; a slug where the national base has none
	Replaces      []string  `yaml:"replaces"`  // codes it had before, still found by search
	Kind          string    `yaml:"kind"`      // "" (a dossier), or "payment": no dossier at all
	Essential     int       `yaml:"essential"` // its number in Decision 06/QĐ-TTg, 0 when not one of the 25
	Name          Text      `yaml:"name"`      // plain words: "Đăng ký khai sinh"
	Official      string    `yaml:"official"`  // the published name
	Field         Field     `yaml:"field"`     // lĩnh vực
	Authority     Authority `yaml:"authority"` // who receives it
	Keywords      []string  `yaml:"keywords"`  // for search, with or without diacritics
	EffectiveFrom Date      `yaml:"effective_from"`
	EffectiveTo   Date      `yaml:"effective_to"` // zero: still in force
	Channels      []Channel `yaml:"channels"`
	Cases         []Case    `yaml:"cases"`  // trường hợp: chooses deadline and papers
	Papers        []Paper   `yaml:"papers"` // all of them; a case may narrow by Paper.Cases
	Requester     Requester `yaml:"requester"`
	Form          *Form     `yaml:"form"`  // nil: ends in its preparation list and a number
	Offer         []string  `yaml:"offer"` // procedures to offer first because they cover the need
	Tone          string    `yaml:"tone"`  // "" or "mourning": condolences on the screen, no smile, no rating
	Notes         []Text    `yaml:"notes"` // said before starting, and printed as the steps of its list
	Source        []string  `yaml:"source"`
}

// Field is the lĩnh vực a procedure belongs to.
type Field struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
}

// Authority receives a procedure's dossiers and heads its slip.
type Authority struct {
	Kind string `yaml:"kind"` // commune-committee | commune-police | province | other
	Name Text   `yaml:"name"` // "Ủy ban nhân dân"; "Công an": the site's "phường Ba Đình" is appended
}

// A Channel is a way to file (KenhThucHien 1 direct, 2 online, 3 postal). Fee
// and time stand verbatim as published; an empty one means "hỏi cán bộ".
type Channel struct {
	Kind string `yaml:"kind"` // direct | online | postal
	Fee  Text   `yaml:"fee"`
	Time Text   `yaml:"time"`
}

// A Case is a trường hợp; the form asks for it first when there are several.
type Case struct {
	Code string `yaml:"code"` // "1.001193.01"
	Name Text   `yaml:"name"`
	Hint Text   `yaml:"hint"`
	Time Text   `yaml:"time"`
	Fee  Text   `yaml:"fee"`
}

// A Paper is a component of the dossier (thành phần hồ sơ).
type Paper struct {
	Code         string        `yaml:"code"` // "000.00.00.G15-KQ…" where known
	Name         Text          `yaml:"name"`
	Hint         Text          `yaml:"hint"`
	Group        string        `yaml:"group"` // papers of one group: one of them is enough
	Cases        []string      `yaml:"cases"` // only for these; empty: all
	When         *Condition    `yaml:"when"`
	Optional     bool          `yaml:"optional"`
	Present      bool          `yaml:"present"`       // xuất trình: shown at the counter, not handed in
	ECertificate *ECertificate `yaml:"e_certificate"` // may be given by number instead
}

// ECertificate says which number stands for a paper.
type ECertificate struct {
	Kind    string `yaml:"kind"` // "giay-chung-sinh"
	Label   Text   `yaml:"label"`
	Pattern string `yaml:"pattern"`
}

// Check tells whether number can be the number of such a certificate.
func (e *ECertificate) Check(number string) error {
	re, err := regexp.Compile(`^(?:` + e.Pattern + `)$`)
	if err != nil {
		return err // the loader has compiled it once
	}
	if !re.MatchString(number) {
		return &AnswerError{Field: e.Kind, Problem: ErrPattern}
	}
	return nil
}

// Requester says who may ask, and how the holder of the card is checked.
type Requester struct {
	MinAge      int      `yaml:"min_age"`
	Documents   []string `yaml:"documents"`    // cccd, passport, ...
	HolderCheck string   `yaml:"holder_check"` // none | officer | code | face
}

// A Form is asked one question a screen. Its name and version go with the dossier.
type Form struct {
	Name      string     `yaml:"name"`
	Version   string     `yaml:"version"`
	Circular  string     `yaml:"circular"`
	Sections  []Section  `yaml:"sections"`
	Questions []Question `yaml:"questions"`
}

// A Section groups questions: "Cháu bé", "Mẹ của cháu".
type Section struct {
	Code string `yaml:"code"`
	Name Text   `yaml:"name"`
}

// A Question is one field of a form. Name is the exchange name at One-Stop.
type Question struct {
	Name      string     `yaml:"name"`    // nksHoTen
	Section   string     `yaml:"section"` // a Section's code
	Label     Text       `yaml:"label"`   // the question, in plain words
	Short     Text       `yaml:"short"`   // its label in the review
	Hint      Text       `yaml:"hint"`
	Type      string     `yaml:"type"` // text | name | date | choice | number | digits | phone | email | unit | yesno
	Required  bool       `yaml:"required"`
	Pattern   string     `yaml:"pattern"` // RE2, anchored by the loader
	Options   []Option   `yaml:"options"`
	Prefill   string     `yaml:"prefill"`      // a name of ChipFields: personName, fatherName, ...
	FillWhen  *Condition `yaml:"prefill_when"` // from the chip only then; nil: always
	Locked    bool       `yaml:"locked"`       // what was copied (without copy_of: read from the chip) can't be edited and is not asked
	LockWhen  *Condition `yaml:"lock_when"`    // locked only then, else a proposal that is asked; nil: always
	VisibleIf *Condition `yaml:"visible_when"` // asked only then
	CopyOf    string     `yaml:"copy_of"`      // takes this question's answer unless changed
	CopyWhen  *Condition `yaml:"copy_when"`    // copies only then; nil: always
	Default   string     `yaml:"default"`      // proposed when neither copy nor chip has one
	Derive    string     `yaml:"derive"`       // not asked, computed, see derived
	Min       string     `yaml:"min"`          // for number, and date: "today", "-16y", "-60d", "2026-07-01"
	Max       string     `yaml:"max"`
	MaxLength int        `yaml:"max_length"` // in letters; 0: the type's
	Partial   bool       `yaml:"partial"`    // a date may be only "1957" or "05/1957"
	Skip      Text       `yaml:"skip"`       // for one that may be skipped: what follows from it

	pattern *regexp.Regexp // Pattern, anchored, compiled by Load
}

// An Option of a choice.
type Option struct {
	Value string `yaml:"value"`
	Label Text   `yaml:"label"`
}

// A Condition holds when the answer to Field is one of In (or, with Not, is none
// of them); or when all of All hold, or one of Any. An unasked question's answer is "".
type Condition struct {
	Field string       `yaml:"field"`
	In    []string     `yaml:"in"`
	Not   bool         `yaml:"not"`
	All   []*Condition `yaml:"all"`
	Any   []*Condition `yaml:"any"`
}
