package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tiepdan/kiosk/catalogue"
)

// What filing asks of a card: a chain to an installed anchor, a good signature,
// or only that it was read.
const (
	FilingAnchored = "anchored"
	FilingSigned   = "signed"
	FilingRead     = "read"
)

// ChannelOff switches filing of a procedure off at this site.
const ChannelOff = "off"

var (
	unitCode    = regexp.MustCompile(`^\d{5}$`)
	agencyID    = regexp.MustCompile(`^[0-9A-Z]+(\.[0-9A-Z]+)*$`)
	phone       = regexp.MustCompile(`^\+?[0-9][0-9 .()-]{2,19}$`)
	counterCode = regexp.MustCompile(`^[0-9A-Za-z-]{1,8}$`)
	officerID   = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)
	argon2PHC   = regexp.MustCompile(`^\$argon2id\$v=19\$m=\d{1,7},t=\d{1,3},p=\d{1,3}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$`)
	profile     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

	days     = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	bauds    = []int{0, 9600, 19200, 38400, 57600, 115200}
	channels = []string{"direct", "online", "postal", ChannelOff}
)

// Validate checks every field on its own; all that is wrong comes back joined,
// each a [*FieldError] with field and value. What refers to the catalogue is
// checked by [Config.Check].
func (c Config) Validate() error {
	var p problems
	p.match("unit.code", c.Unit.Code, unitCode)
	p.line("unit.name", c.Unit.Name, true)
	p.line("site", c.Site, true)
	p.match("agency", c.Agency, agencyID)
	if c.Phone != "" {
		p.match("phone", c.Phone, phone)
	}
	p.oneOf("filing_requires", c.FilingRequires, []string{FilingAnchored, FilingSigned, FilingRead})
	c.validateCounters(&p)
	c.validateOfficers(&p)
	if c.Technician != "" {
		p.hash("technician", c.Technician)
	}
	for _, code := range sortedKeys(c.Channels) {
		p.oneOf("channels["+code+"]", c.Channels[code], channels)
	}
	for i, l := range c.Languages {
		p.oneOf(fmt.Sprintf("languages[%d]", i), l, []string{"vi", "en"})
	}
	if !slices.Contains(c.Languages, "vi") {
		p.add("languages", c.Languages, "Vietnamese (vi) is missing")
	}
	c.validateHours(&p)
	c.Counting.validate(&p)
	if c.UplinkKbps != 0 {
		p.between("uplink_kbps", c.UplinkKbps, 64, 1_000_000) // a page of 1 MB in two minutes
	}
	c.Devices.validate(&p)
	p.line("trust_dir", c.TrustDir, false)
	return p.err()
}

func (c Config) validateCounters(p *problems) {
	seen := map[string]bool{}
	for i, k := range c.Counters {
		field := fmt.Sprintf("counters[%d].code", i)
		p.match(field, k.Code, counterCode)
		if seen[k.Code] {
			p.add(field, k.Code, "twice")
		}
		seen[k.Code] = true
	}
}

func (c Config) validateOfficers(p *problems) {
	seen := map[string]bool{}
	for i, o := range c.Officers {
		field := fmt.Sprintf("officers[%d]", i)
		p.match(field+".id", o.ID, officerID)
		if seen[o.ID] {
			p.add(field+".id", o.ID, "twice")
		}
		seen[o.ID] = true
		p.line(field+".name", o.Name, true)
		p.hash(field+".pin", o.PIN)
	}
}

// hash holds a secret's hash, and never repeats it.
func (p *problems) hash(field, phc string) {
	if !argon2PHC.MatchString(phc) {
		p.add(field, "(not shown)", "not an argon2id hash in PHC form, $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	}
}

func (c Config) validateHours(p *problems) {
	for i, h := range c.Hours {
		field := fmt.Sprintf("hours[%d]", i)
		for _, d := range h.Days {
			p.oneOf(field+".days", d, days)
		}
		from, okFrom := clock(h.From)
		to, okTo := clock(h.To)
		if !okFrom {
			p.add(field+".from", h.From, "not a time like 08:00")
		}
		if !okTo {
			p.add(field+".to", h.To, "not a time like 17:00")
		}
		if okFrom && okTo && to <= from {
			p.add(field+".to", h.To, "not after "+h.From)
		}
	}
}

func (k Counting) validate(p *problems) {
	p.between("counting.idle_seconds", k.IdleSeconds, 15, 600)
	p.between("counting.long_idle_seconds", k.LongIdleSeconds, 30, 1800)
	p.between("counting.warn_seconds", k.WarnSeconds, 30, 300) // people need time to react: WCAG 2.2.1
	p.between("counting.card_left_seconds", k.CardLeftSeconds, 10, 600)
}

func (d Devices) validate(p *problems) {
	p.line("devices.reader", d.Reader, false)
	p.match("devices.printer.profile", d.Printer.Profile, profile)
	d.Printer.Serial.validate(p, "devices.printer", path, usbDevice, network)
	p.match("devices.scanner.profile", d.Scanner.Profile, profile)
	d.Scanner.Serial.validate(p, "devices.scanner", path, usbDevice)
}

func (s Serial) validate(p *problems, field string, forms ...form) {
	p.line(field+".port", s.Port, false)
	p.address(field+".port", s.Port, forms...)
	if !slices.Contains(bauds, s.Baud) {
		p.add(field+".baud", s.Baud, fmt.Sprintf("not one of %v", bauds))
	}
}

// Check compares the configuration with the catalogue: services and procedures
// it names exist, and a channel it switches on is there.
func (c Config) Check(cat *catalogue.Catalogue) error {
	var p problems
	for i, k := range c.Counters {
		for j, s := range k.Services {
			if _, ok := cat.Service(s); !ok {
				p.add(fmt.Sprintf("counters[%d].services[%d]", i, j), s, "no such service in the catalogue")
			}
		}
	}
	for i, code := range c.Procedures {
		if _, ok := cat.Procedure(code); !ok {
			p.add(fmt.Sprintf("procedures[%d]", i), code, "no such procedure in the catalogue")
		}
	}
	for _, code := range sortedKeys(c.Channels) {
		kind := c.Channels[code]
		procedure, ok := cat.Procedure(code)
		switch {
		case !ok:
			p.add("channels["+code+"]", kind, "no such procedure in the catalogue")
		case kind == ChannelOff:
		default:
			if _, ok := procedure.Channel(kind); !ok {
				p.add("channels["+code+"]", kind, "the procedure has no such channel")
			}
		}
	}
	return p.err()
}

func (p *problems) match(field, value string, re *regexp.Regexp) {
	switch {
	case value == "":
		p.add(field, value, "missing")
	case !re.MatchString(value):
		p.add(field, value, "does not match "+re.String())
	}
}

func (p *problems) oneOf(field, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		p.add(field, value, "not one of "+strings.Join(allowed, ", "))
	}
}

func (p *problems) between(field string, value, low, high int) {
	if value < low || value > high {
		p.add(field, value, fmt.Sprintf("not %d to %d", low, high))
	}
}

// line is one printable line of at most 200 letters.
func (p *problems) line(field, value string, required bool) {
	switch {
	case value == "" && required:
		p.add(field, value, "missing")
	case utf8.RuneCountInString(value) > 200:
		p.add(field, string([]rune(value)[:40])+"…", "longer than 200 letters")
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(value) != value:
		p.add(field, value, "not one line of printable text")
	}
}

// clock reads "08:00" as the time since midnight; "24:00" ends a day.
func clock(s string) (time.Duration, bool) {
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}
