package cccd

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tiepdan/drivers/card/lds"
	"tiepdan/drivers/card/trust"
)

// A grade needs all the grades below it; anything that failed sinks it.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		hashes, signature, anchor trust.Check
		chip                      Check
		want                      Grade
	}{
		{trust.OK, trust.OK, trust.OK, OK, GradeGenuine},
		{trust.OK, trust.OK, trust.OK, Unchecked, GradeAnchored},
		{trust.OK, trust.OK, trust.NoAnchors, Unchecked, GradeSigned},
		{trust.OK, trust.OK, trust.NoAnchors, OK, GradeSigned},
		{trust.OK, trust.OK, trust.Unchecked, OK, GradeSigned},
		{trust.Unchecked, trust.OK, trust.OK, OK, GradeRead},
		{trust.OK, trust.Unchecked, trust.OK, OK, GradeRead},
		{trust.Failed, trust.OK, trust.OK, OK, GradeFailed},
		{trust.OK, trust.Failed, trust.NoAnchors, OK, GradeFailed},
		{trust.OK, trust.OK, trust.Failed, OK, GradeFailed},
		{trust.OK, trust.OK, trust.OK, Failed, GradeFailed},
		{trust.Unchecked, trust.Unchecked, trust.Unchecked, Failed, GradeFailed},
	} {
		v := judge(trust.Result{Hashes: c.hashes, Signature: c.signature, Anchor: c.anchor}, c.chip, nil)
		if v.Grade != c.want {
			t.Errorf("%v: %s", c, v.Grade)
		}
		if v.Chip == OK && (c.hashes != trust.OK || c.signature != trust.OK) {
			t.Errorf("%v: the chip is proven by a key nobody signed", c)
		}
	}
}

// What is said of a verdict is one line that a dossier has room for.
func TestWhy(t *testing.T) {
	v := judge(trust.Result{Why: []string{"one", "two"}}, Failed, []string{"three"})
	if v.Why != "one; two; three" {
		t.Error(v.Why)
	}
	v = judge(trust.Result{Why: []string{strings.Repeat("ệ", 10_000)}}, Unchecked, nil)
	if n := utf8.RuneCountInString(v.Why); n != maxWhy || !strings.HasSuffix(v.Why, "ệ…") {
		t.Errorf("%d runes", n)
	}
}

func TestFillFromZone(t *testing.T) {
	zone, err := lds.ParseMRZ("IDVNM0990123459001099012345<<0" + "9905201M3905209VNM<<<<<<<<<<<4" + "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 14, 0, 0, 0, 0, time.UTC)
	var empty Identity
	if w := empty.fill(zone, now); len(w) > 0 {
		t.Errorf("warnings %q", w)
	}
	if empty.PIN != "001099012345" || empty.Name != "NGUYEN VAN AN" || empty.DOB != "20/05/1999" || empty.Sex != "Nam" ||
		empty.Nationality != "Việt Nam" || empty.Expires != "20/05/2039" || empty.Source["dob"] != FromChip || len(empty.Source) != 6 {
		t.Errorf("the zone gives something else: %v", empty.Source)
	}
	full := Identity{PIN: "001099012346", Name: "Nguyễn Văn An", DOB: "21/05/1999", Sex: "Nam", Expires: "Không thời hạn"}
	w := full.fill(zone, now)
	if full.Name != "Nguyễn Văn An" || full.Expires != "Không thời hạn" || full.PIN != "001099012346" {
		t.Error("the zone overwrote DG13")
	}
	if len(w) != 2 || w[0] != "dg13-pin-differs" || w[1] != "dg13-dob-differs" {
		t.Errorf("warnings %q", w)
	}
}

// The century of a birth is in the personal number; that of an expiry follows
// from the first year these cards were issued.
func TestZoneDates(t *testing.T) {
	now := time.Date(2026, 10, 14, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ birth, pin, want string }{
		{"990520", "001099012345", "20/05/1999"},
		{"050520", "001205012345", "20/05/2005"},
		{"050520", "001005012345", "20/05/1905"},
		{"050520", "", "20/05/2005"},
		{"270520", "", "20/05/1927"},
		{"990231", "", ""},
		{"99<<<<", "", ""},
		{"", "", ""},
	} {
		if got := zoneBirth(lds.MRZ{Birth: c.birth}, c.pin, now); got != c.want {
			t.Errorf("born %s: %s, want %s", c.birth, got, c.want)
		}
	}
	for in, want := range map[string]string{"390520": "20/05/2039", "991231": "31/12/2099", "200101": "01/01/2120", "000000": "", "<<<<<<": ""} {
		if got := zoneExpiry(lds.MRZ{Expiry: in}); got != want {
			t.Errorf("expires %s: %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{"30/06/2024": "2021", "01/07/2024": "2024", "": "", "x": ""} {
		if got := model(in); got != want {
			t.Errorf("issued %s: %q", in, got)
		}
	}
}
