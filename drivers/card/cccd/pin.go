package cccd

import (
	"errors"
	"strconv"
	"strings"
)

// ErrPIN is a personal number that is not twelve digits, the one hard rule
// (Law 26/2023/QH15, article 12).
var ErrPIN = errors.New("personal number is not 12 digits")

// A PIN is a personal number (số định danh cá nhân): three digits of province
// or country of birth registration, one of century and sex, two of birth year,
// six random. It prints masked.
type PIN string

// ParsePIN trims s and accepts exactly twelve ASCII digits.
func ParsePIN(s string) (PIN, error) {
	s = strings.TrimSpace(s)
	if !isDigits(s, 12) {
		return "", ErrPIN
	}
	return PIN(s), nil
}

func isDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// MaskPIN shows the first four and the last two digits of a personal number.
// It is the one mask used everywhere. Anything else than twelve digits is
// hidden whole, in the same twelve places, so that a malformed number gives
// nothing away.
func MaskPIN(s string) string {
	if !isDigits(s, 12) {
		return strings.Repeat("•", 12)
	}
	return s[:4] + "••••••" + s[10:]
}

func (p PIN) String() string   { return MaskPIN(string(p)) }
func (p PIN) GoString() string { return p.String() }

// CAN is the card access number of the holder's card: the last six digits.
func (p PIN) CAN() string {
	if len(p) != 12 {
		return ""
	}
	return string(p[6:])
}

// BirthYear is the year the number encodes, 0 if the PIN is malformed.
func (p PIN) BirthYear() int {
	if !isDigits(string(p), 12) {
		return 0
	}
	year, _ := strconv.Atoi(string(p[4:6])) // two digits: cannot fail
	return 1900 + 100*int((p[3]-'0')/2) + year
}

// Sex is "Nam" or "Nữ" as the number encodes it, "" if the PIN is malformed.
func (p PIN) Sex() string {
	switch {
	case !isDigits(string(p), 12):
		return ""
	case (p[3]-'0')%2 == 0:
		return "Nam"
	}
	return "Nữ"
}

// Warnings of a personal number. They never fail a read: registers have errors
// of their own, and people correct their sex and birth date.
const (
	WarnPINProvince = "pin-province" // no province or country has this code
	WarnPINSex      = "pin-sex"      // does not encode the sex given
	WarnPINYear     = "pin-year"     // does not encode the birth year given
)

// Check compares what the number encodes with the sex ("Nam", "Nữ") and the
// date of birth (dd/mm/yyyy, or just the year) given beside it; empty ones are
// not compared.
func (p PIN) Check(sex, dob string) []string {
	if !isDigits(string(p), 12) {
		return nil
	}
	var warn []string
	if area := string(p[:3]); area < "100" && !strings.Contains(provinceCodes, " "+area+" ") {
		warn = append(warn, WarnPINProvince)
	}
	if sex != "" && sex != p.Sex() {
		warn = append(warn, WarnPINSex)
	}
	if d, ok := parseDate(dob); ok && d.year != p.BirthYear() {
		warn = append(warn, WarnPINYear)
	}
	return warn
}

// The 63 provinces of the time most numbers were given out (Circular
// 59/2021/TT-BCA, annex 1). Codes from 100 up are countries.
const provinceCodes = " 001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 " +
	"035 036 037 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 " +
	"070 072 074 075 077 079 080 082 083 084 086 087 089 091 092 093 094 095 096 "
