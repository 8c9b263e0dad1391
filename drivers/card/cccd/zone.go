package cccd

import (
	"strconv"
	"strings"
	"time"

	"tiepdan/drivers/card/lds"
)

// fill takes from the machine readable zone what data group 13 left out, and
// says where the two contradict each other. Both are signed; the zone has no
// diacritics and half the year, so it only ever fills gaps.
func (id *Identity) fill(zone lds.MRZ, now time.Time) (warnings []string) {
	if pin := zonePIN(zone); pin != "" {
		if id.PIN != "" && id.PIN != pin {
			warnings = append(warnings, "dg13-pin-differs")
		}
		id.lack("pin", pin)
	}
	if born := zoneBirth(zone, id.PIN, now); born != "" {
		if d, ok := parseDate(id.DOB); ok && d.day != 0 && d.String() != born {
			warnings = append(warnings, "dg13-dob-differs")
		}
		id.lack("dob", born)
	}
	surname, given := zone.Name()
	id.lack("name", strings.TrimSpace(surname+" "+given))
	id.lack("sex", map[string]string{"M": "Nam", "F": "Nữ"}[zone.Sex])
	if zone.Nationality == "VNM" {
		id.lack("nationality", "Việt Nam")
	}
	id.lack("expires", zoneExpiry(zone))
	return warnings
}

// lack fills a field of the identity if it is empty.
func (id *Identity) lack(key, value string) {
	for _, k := range keys {
		if k.name != key || value == "" || *k.of(id) != "" {
			continue
		}
		*k.of(id) = value
		if id.Source == nil {
			id.Source = map[string]Source{}
		}
		id.Source[key] = FromChip
	}
}

// zonePIN is the personal number in line 1 of a Vietnamese TD1 zone.
func zonePIN(zone lds.MRZ) string {
	if zone.Form != lds.TD1 || zone.Issuer != "VNM" || len(zone.Optional) < 12 || !isDigits(zone.Optional[:12], 12) {
		return ""
	}
	return zone.Optional[:12]
}

// zoneBirth gives the date of birth its century: the personal number's fourth
// digit has it (0 and 1 are 19xx, 2 and 3 are 20xx, and so on); without one,
// the last that is not in the future.
func zoneBirth(zone lds.MRZ, pin string, now time.Time) string {
	yy, rest, ok := zoneDate(zone.Birth)
	if !ok {
		return ""
	}
	year := 1900 + yy
	if _, err := ParsePIN(pin); err == nil {
		year += int(pin[3]-'0') / 2 * 100
	} else if year+100 <= now.Year() {
		year += 100
	}
	return known(year, rest)
}

// zoneExpiry takes two digits of a year for one from 2021 on, the first year of
// these cards.
func zoneExpiry(zone lds.MRZ) string {
	yy, rest, ok := zoneDate(zone.Expiry)
	if !ok {
		return ""
	}
	year := 2000 + yy
	if yy < 21 {
		year += 100
	}
	return known(year, rest)
}

func zoneDate(s string) (yy int, mmdd string, ok bool) {
	if !isDigits(s, 6) {
		return 0, "", false
	}
	yy, err := strconv.Atoi(s[:2])
	return yy, s[2:], err == nil
}

// known is the date as cards print it, or "" if there is no such day.
func known(year int, mmdd string) string {
	s := mmdd[2:] + "/" + mmdd[:2] + "/" + strconv.Itoa(year)
	if d, ok := parseDate(s); !ok || d.day == 0 {
		return ""
	}
	return s
}

// model tells the two cards apart by their day of issue: the new one has been
// issued since 2024-07-01 (Law 26/2023/QH15).
func model(issued string) string {
	d, ok := parseDate(issued)
	if !ok {
		return ""
	}
	year, month, day := d.last()
	if (date{year, month, day}).before(date{2024, 7, 1}) {
		return "2021"
	}
	return "2024"
}
