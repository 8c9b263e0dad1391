package cccd

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Field is one line of an [Identity]: the JSON name bars.md gives it, its
// value, and where that came from. It redacts itself as the Identity does.
type Field struct {
	Key    string
	Value  string
	Source Source
}

// Fields gives the identity away, in the order of the card, empty ones too.
func (id Identity) Fields() []Field {
	fields := make([]Field, 0, len(keys))
	for _, k := range keys {
		fields = append(fields, Field{k.name, *k.of(&id), id.Source[k.name]})
	}
	return fields
}

// Get is the value of the field of this name, "" if there is none.
func (id Identity) Get(key string) string {
	for _, k := range keys {
		if k.name == key {
			return *k.of(&id)
		}
	}
	return ""
}

// mark notes where every field that is not empty came from.
func (id *Identity) mark(s Source) {
	id.Source = make(map[string]Source)
	for _, k := range keys {
		if *k.of(id) != "" {
			id.Source[k.name] = s
		}
	}
}

// keys are the names of fields, in the order of the card.
var keys = []struct {
	name string
	of   func(*Identity) *string
}{
	{"pin", func(id *Identity) *string { return &id.PIN }},
	{"oldId", func(id *Identity) *string { return &id.OldID }},
	{"name", func(id *Identity) *string { return &id.Name }},
	{"dob", func(id *Identity) *string { return &id.DOB }},
	{"sex", func(id *Identity) *string { return &id.Sex }},
	{"nationality", func(id *Identity) *string { return &id.Nationality }},
	{"ethnicity", func(id *Identity) *string { return &id.Ethnicity }},
	{"religion", func(id *Identity) *string { return &id.Religion }},
	{"origin", func(id *Identity) *string { return &id.Origin }},
	{"residence", func(id *Identity) *string { return &id.Residence }},
	{"features", func(id *Identity) *string { return &id.Features }},
	{"issued", func(id *Identity) *string { return &id.Issued }},
	{"expires", func(id *Identity) *string { return &id.Expires }},
	{"father", func(id *Identity) *string { return &id.Father }},
	{"mother", func(id *Identity) *string { return &id.Mother }},
	{"spouse", func(id *Identity) *string { return &id.Spouse }},
	{"chipId", func(id *Identity) *string { return &id.ChipID }},
}

// AgeOn is the holder's age in whole years on the day t is in Vietnam. Where
// the register knows only the year or the month of birth, it is the least age
// that can be, so that no right of age is given too early. False if there is
// no date of birth to go by.
func (id Identity) AgeOn(t time.Time) (int, bool) {
	born, ok := parseDate(id.DOB)
	if !ok {
		return 0, false
	}
	year, month, day := born.last()
	now := today(t)
	age := now.year - year
	if now.month < month || now.month == month && now.day < day {
		age--
	}
	return age, age >= 0
}

// ExpiredOn says whether the card's own date of expiry has passed on the day t
// is in Vietnam; the last day still counts. A card whose expiry is a text
// ("Không thời hạn") or missing does not expire.
func (id Identity) ExpiredOn(t time.Time) bool {
	d, ok := parseDate(id.Expires)
	if !ok {
		return false
	}
	year, month, day := d.last()
	return date{year, month, day}.before(today(t))
}

// GivenName is the last word of the name, by which people are addressed, with
// one capital: "AN" and "An" are both "An".
func (id Identity) GivenName() string {
	words := strings.Fields(id.Name)
	if len(words) == 0 {
		return ""
	}
	first, n := utf8.DecodeRuneInString(words[len(words)-1])
	return string(unicode.ToUpper(first)) + strings.ToLower(words[len(words)-1][n:])
}

// An Addressee is what choosing a form of address needs; the title itself (ông,
// bà, anh, chị, cháu) is the session's business.
type Addressee struct {
	Given string
	Sex   string // "Nam", "Nữ", ""
	Age   int    // -1: unknown
}

// AddresseeOn gathers it for the day of t.
func (id Identity) AddresseeOn(t time.Time) Addressee {
	age, ok := id.AgeOn(t)
	if !ok {
		age = -1
	}
	return Addressee{id.GivenName(), id.Sex, age}
}
