// Package catalogue is what a kiosk can do for a person: services and their
// queues, procedures with their cases, papers and forms, and the units of
// addresses. It is versioned data, one YAML file a procedure, loaded strictly:
// an error names file, field and value.
//
// A [Catalogue] is immutable once loaded and safe for concurrent use.
package catalogue

import "time"

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

// Catalogue is all of it, at one version. A dossier keeps the version it was
// made under.
type Catalogue struct {
	Version  string     // hash of the files
	Services []*Service // in the order of the screen
	Units    []Unit     // units in force, for addresses

	procedures map[string]*Procedure
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

// A Procedure (thủ tục hành chính) as its decision publishes it.
type Procedure struct {
	Code          string    `yaml:"code"`      // "1.001193"
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
	Tone          string    `yaml:"tone"`  // "" or "mourning": no smile, no rating
	Notes         []Text    `yaml:"notes"` // said before starting
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
	Name Text   `yaml:"name"` // "UBND phường", "Công an phường": the site's unit is appended
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
	ECertificate *ECertificate `yaml:"e_certificate"` // may be given by number instead
}

// ECertificate says which number stands for a paper.
type ECertificate struct {
	Kind    string `yaml:"kind"` // "giay-chung-sinh"
	Label   Text   `yaml:"label"`
	Pattern string `yaml:"pattern"`
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
	Questions []Question `yaml:"questions"`
}

// A Question is one field of a form. Name is the exchange name at One-Stop.
type Question struct {
	Name      string     `yaml:"name"` // nksHoTen
	Section   string     `yaml:"section"`
	Label     Text       `yaml:"label"` // the question, in plain words
	Short     Text       `yaml:"short"` // its label in the review
	Hint      Text       `yaml:"hint"`
	Type      string     `yaml:"type"` // text | name | date | choice | number | digits | phone | email | unit | yesno
	Required  bool       `yaml:"required"`
	Pattern   string     `yaml:"pattern"` // RE2, anchored by the loader
	Options   []Option   `yaml:"options"`
	Prefill   string     `yaml:"prefill"`      // a chip name of services.md: personName, fatherName, ...
	Locked    bool       `yaml:"locked"`       // prefilled from the chip and not editable by law
	VisibleIf *Condition `yaml:"visible_when"` // asked only then
	CopyOf    string     `yaml:"copy_of"`      // takes this question's answer unless changed
	Derive    string     `yaml:"derive"`       // not asked, computed: "date-words:<field>", "card:<chip name>", "const:<text>"
	Min, Max  string     `yaml:",omitempty"`   // for number and date ("today", "-1y")
}

// An Option of a choice.
type Option struct {
	Value string `yaml:"value"`
	Label Text   `yaml:"label"`
}

// A Condition holds when the answer to Field is one of In (or, with Not, is none of them).
type Condition struct {
	Field string   `yaml:"field"`
	In    []string `yaml:"in"`
	Not   bool     `yaml:"not"`
}

// A Date without a time of day, in Asia/Ho_Chi_Minh. Zero is "none".
type Date struct{ time.Time }
