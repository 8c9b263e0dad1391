package catalogue

import (
	"maps"
	"slices"
	"strings"
)

// services checks the lines of the hall: every procedure in exactly one of
// them. A procedure that is not in force today is left out of its line.
func (l *loader) services(c *Catalogue, services []*Service, all []procedureFile) {
	known := map[string]bool{}
	for _, f := range all {
		known[f.procedure.Code] = true
	}
	a := at{l, "services.yaml", ""}
	if len(services) == 0 {
		a.in("services").fail("", "missing")
	}
	codes, letters, placed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, s := range services {
		b := a.in("services[%d]", i)
		if s == nil {
			b.fail("", "empty")
			continue
		}
		b.in("code").match(s.Code, slug)
		if codes[s.Code] {
			b.in("code").fail(s.Code, "twice")
		}
		codes[s.Code] = true
		if len(s.Letter) != 1 || s.Letter < "A" || s.Letter > "Z" {
			b.in("letter").fail(s.Letter, "not one letter A to Z")
		}
		if letters[s.Letter] {
			b.in("letter").fail(s.Letter, "twice")
		}
		letters[s.Letter] = true
		b.in("name").text(s.Name)
		b.in("hint").text(s.Hint)
		b.in("icon").oneOf(s.Icon, icons)
		for _, code := range s.Procedures {
			switch {
			case !known[code]:
				b.in("procedures").fail(code, "no such procedure")
			case placed[code]:
				b.in("procedures").fail(code, "is in two services")
			}
			placed[code] = true
			c.serviceOf[code] = s
		}
		s.Procedures = slices.DeleteFunc(s.Procedures, func(code string) bool { return c.procedures[code] == nil })
		c.Services = append(c.Services, s)
	}
	for _, f := range all {
		if code := f.procedure.Code; !placed[code] {
			l.fail(f.name, "code", code, "is in no service of services.yaml")
		}
	}
}

// offers checks that what is offered first exists, and drops what is not in force.
func (l *loader) offers(c *Catalogue, all []procedureFile) {
	known := map[string]bool{}
	for _, f := range all {
		known[f.procedure.Code] = true
	}
	for _, f := range all {
		p := f.procedure
		for _, code := range p.Offer {
			if !known[code] {
				l.fail(f.name, "offer", code, "no such procedure")
			}
			if code == p.Code {
				l.fail(f.name, "offer", code, "offers itself")
			}
		}
		p.Offer = slices.DeleteFunc(p.Offer, func(code string) bool { return c.procedures[code] == nil })
	}
}

func (l *loader) units(c *Catalogue, file unitsFile) {
	a := at{l, "units.yaml", ""}
	if len(file.Units) == 0 {
		a.in("units").fail("", "missing")
	}
	for i, u := range file.Units {
		b := a.in("units[%d]", i)
		b.in("code").match(u.Code, unitCode)
		if u.Name == "" {
			b.in("name").fail("", "missing")
		}
		if _, twice := c.units[u.Code]; twice {
			b.in("code").fail(u.Code, "twice")
		}
		c.units[u.Code] = u
		name := Fold(u.Name)
		if _, bare, ok := strings.Cut(name, " "); ok {
			if _, taken := c.unitNames[bare]; !taken {
				c.unitNames[bare] = u.Code
			}
		}
		c.unitNames[name] = u.Code
	}
	c.Units = file.Units
}

func (l *loader) consents(c *Catalogue, consents []Consent) {
	a := at{l, "consents.yaml", ""}
	required := false
	for i, k := range consents {
		b := a.in("consents[%d]", i)
		b.in("purpose").match(k.Purpose, slug)
		if k.Version == "" {
			b.in("version").fail("", "missing")
		}
		for _, kind := range k.WhenFilled {
			b.in("when_filled").oneOf(kind, slices.Sorted(maps.Keys(maxLength)))
		}
		if k.Required && len(k.WhenFilled) > 0 {
			b.in("when_filled").fail(k.WhenFilled, "a required purpose is always asked for")
		}
		b.in("text").text(k.Text)
		b.in("consequence").text(k.Consequence)
		b.dates(k.EffectiveFrom, k.EffectiveTo)
		if !l.inForce(k.EffectiveFrom, k.EffectiveTo) {
			continue
		}
		if _, twice := c.Consent(k.Purpose); twice {
			b.in("purpose").fail(k.Purpose, "twice in force on the same day")
		}
		c.Consents = append(c.Consents, k)
		required = required || k.Required
	}
	if !required {
		a.in("consents").fail("", "no required purpose is in force: nothing could be filed")
	}
}

func (l *loader) slips(c *Catalogue, slips []Slip) {
	a := at{l, "slips.yaml", ""}
	for i, s := range slips {
		b := a.in("slips[%d]", i)
		b.in("authority").oneOf(s.Authority, authorityKinds)
		if s.Version == "" {
			b.in("version").fail("", "missing")
		}
		b.in("title").text(s.Title)
		b.in("status").text(s.Status)
		b.in("bring").text(s.Bring)
		for j, t := range s.Next {
			b.in("next[%d]", j).text(t)
		}
		for j, t := range s.NoPhone {
			b.in("no_phone[%d]", j).text(t)
		}
		b.dates(s.EffectiveFrom, s.EffectiveTo)
		if l.inForce(s.EffectiveFrom, s.EffectiveTo) {
			c.Slips = append(c.Slips, s)
		}
	}
	if _, ok := c.Slip("other"); !ok {
		a.in("slips").fail("", `no slip for "other" is in force`)
	}
}
