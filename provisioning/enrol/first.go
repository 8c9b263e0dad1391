package enrol

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
)

// A Profile is what kind of place a kiosk stands in. It brings the first configuration's
// counters and whether somebody is there; the site's own configuration may say otherwise.
type Profile string

const (
	Reception   Profile = "reception"   // a model reception office: counters, officers
	Residential Profile = "residential" // an apartment block or industrial zone: nobody there
	Mobile      Profile = "mobile"      // a team with a laptop, at somebody's home
)

// Profiles, the usual one first.
var Profiles = []Profile{Reception, Residential, Mobile}

// counters of a new reception office.
var counters = []string{"1", "2", "3", "4"}

// A Site is where a kiosk is to stand, as an operator gives it.
type Site struct {
	Unit     string           `json:"unit"` // code
	Site     string           `json:"site"`
	Profile  Profile          `json:"profile"` // none: reception
	Hours    string           `json:"hours"`   // see [ParseHours]; none: always open
	Agency   string           `json:"agency"`
	Phone    string           `json:"phone"`
	Officers []config.Officer `json:"officers"` // PINs as hashes
}

const (
	defaultAgency = "000.00.06.H26"
	defaultPhone  = "1022"
)

// FirstConfig is the configuration a kiosk starts with at a site. Its mistakes are the
// operator's, said by field.
func FirstConfig(cat *catalogue.Catalogue, s Site) (config.Config, error) {
	u, ok := cat.Unit(s.Unit)
	if !ok {
		return config.Config{}, fmt.Errorf("unit %q: %w", s.Unit, ErrUnit)
	}
	if s.Profile == "" {
		s.Profile = Reception
	}
	if !slices.Contains(Profiles, s.Profile) {
		return config.Config{}, fmt.Errorf("profile %q: %w", s.Profile, ErrProfile)
	}
	hours, err := ParseHours(s.Hours)
	if err != nil {
		return config.Config{}, err
	}
	if s.Agency == "" {
		s.Agency = defaultAgency
	}
	if s.Phone == "" {
		s.Phone = defaultPhone
	}
	c := config.Config{
		Unit:           config.Unit{Code: u.Code, Name: committee(u.Name)},
		Site:           strings.TrimSpace(s.Site),
		Agency:         s.Agency,
		Phone:          s.Phone,
		Attended:       s.Profile != Residential,
		Officers:       s.Officers,
		Hours:          hours,
		FilingRequires: config.FilingRead, // no anchor of the ID card is published yet
		Channels: map[string]string{
			"1.001193": "direct",
			"1.010041": "online",
		},
		Languages: []string{"vi", "en"},
	}
	if s.Profile == Reception {
		for _, code := range counters {
			c.Counters = append(c.Counters, config.Counter{Code: code})
		}
	}
	// Read it as the kiosk will, so that what it would refuse is refused here.
	text, err := c.Marshal()
	if err != nil {
		return config.Config{}, err
	}
	if c, err = config.Parse(text); err != nil {
		return config.Config{}, err
	}
	return c, c.Check(cat)
}

// What may be wrong with a site as it was typed.
var (
	ErrUnit    = errors.New("there is none with this code in the catalogue")
	ErrProfile = errors.New("it is reception, residential or mobile")
	ErrHours   = errors.New("hours: like “mon-fri 08:00-12:00 13:30-17:00; sat 08:00-11:30”, or none")
)

// ParseHours reads opening hours as people write them: days, then one or more
// stretches; groups of days are parted by semicolons.
func ParseHours(text string) ([]config.Hours, error) {
	var all []config.Hours
	for group := range strings.SplitSeq(text, ";") {
		word := strings.Fields(group)
		if len(word) == 0 {
			continue
		}
		days, err := parseDays(word[0])
		if err != nil || len(word) < 2 {
			return nil, ErrHours
		}
		for _, stretch := range word[1:] {
			from, to, ok := strings.Cut(stretch, "-")
			if !ok {
				return nil, ErrHours
			}
			all = append(all, config.Hours{Days: days, From: from, To: to})
		}
	}
	return all, nil
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// parseDays reads "mon-fri", "sat", "mon,wed" or "daily".
func parseDays(text string) ([]string, error) {
	if text == "daily" {
		return nil, nil
	}
	var days []string
	for part := range strings.SplitSeq(text, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if from < 0 || to < from {
			return nil, ErrHours
		}
		days = append(days, weekdays[from:to+1]...)
	}
	return days, nil
}

// committee is the people's committee of a unit: "Phường Ba Đình" → "UBND phường Ba Đình".
func committee(unit string) string {
	for _, kind := range []string{"Phường", "Xã", "Đặc khu"} {
		if rest, ok := strings.CutPrefix(unit, kind+" "); ok {
			return "UBND " + strings.ToLower(kind) + " " + rest
		}
	}
	return "UBND " + unit
}
