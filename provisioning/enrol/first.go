package enrol

import (
	"fmt"
	"strings"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/config"
)

// counters of a new site, until its own configuration says otherwise.
var counters = []string{"1", "2", "3", "4"}

// FirstConfig is the configuration a kiosk starts with at a unit's site. Its
// mistakes are the operator's, said by field.
func FirstConfig(cat *catalogue.Catalogue, unit, site, agency, phone string, officers []config.Officer) (config.Config, error) {
	u, ok := cat.Unit(unit)
	if !ok {
		return config.Config{}, fmt.Errorf("unit %q: there is none with this code in the catalogue", unit)
	}
	c := config.Config{
		Unit:           config.Unit{Code: u.Code, Name: committee(u.Name)},
		Site:           site,
		Agency:         agency,
		Phone:          phone,
		Attended:       true,
		Officers:       officers,
		FilingRequires: config.FilingRead, // no anchor of the ID card is published yet
		Channels: map[string]string{
			"1.001193": "direct",
			"1.010041": "online",
		},
		Languages: []string{"vi", "en"},
	}
	for _, code := range counters {
		c.Counters = append(c.Counters, config.Counter{Code: code})
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

// committee is the people's committee of a unit: "Phường Ba Đình" → "UBND phường Ba Đình".
func committee(unit string) string {
	for _, kind := range []string{"Phường", "Xã", "Đặc khu"} {
		if rest, ok := strings.CutPrefix(unit, kind+" "); ok {
			return "UBND " + strings.ToLower(kind) + " " + rest
		}
	}
	return "UBND " + unit
}
