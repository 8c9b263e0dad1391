package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/card/lds"
	"tiepdan/drivers/card/trust"
	"tiepdan/kiosk/dossier"
)

// grades from the least to the most a card can be proven by its files alone.
// Whether the chip is a copy only the kiosk could see.
var grades = []string{"failed", "read", "signed", "anchored"}

// findings are what the gateway saw for itself. Notes are codes, never values.
type findings struct {
	kioskGrade string
	grade      string
	notes      []string
	chip       map[string]string // what the card says, nil when DG13 isn't there
}

func (findings) String() string { return "[findings]" }

// A fault is why a dossier goes to quarantine: a code for people to look into, and details for the log.
type fault struct {
	code   string
	detail error
}

func (f *fault) Error() string {
	if f.detail == nil {
		return f.code
	}
	return f.code + ": " + f.detail.Error()
}

// examine does passive authentication again (Doc 9303-11 §5.1), because a
// kiosk's word is no proof, and holds the applicant against what was signed.
func examine(d dossier.Dossier, anchors *trust.Store, requires string) (findings, *fault) {
	f := findings{kioskGrade: string(d.Verdict.Grade), grade: "read"}
	if len(d.SOD) > 0 {
		groups := map[int][]byte{}
		for n, ef := range map[int][]byte{1: d.DG1, 13: d.DG13} {
			if len(ef) > 0 {
				groups[n] = ef
			}
		}
		r := trust.Verify(d.SOD, groups, anchors, d.SubmittedAt)
		f.grade = gradeOf(r)
		if f.grade == "failed" {
			return f, &fault{"evidence-failed", fmt.Errorf("hashes %s, signature %s, anchor %s", r.Hashes, r.Signature, r.Anchor)}
		}
		if r.Weak {
			f.notes = append(f.notes, "evidence-weak-hash")
		}
	}
	claimed, proven := f.kioskGrade, slices.Index(grades, f.grade)
	if claimed == "genuine" {
		claimed = "anchored"
	}
	switch {
	case claimed == "failed":
		return f, &fault{"evidence-failed", errors.New("the kiosk itself says so")}
	case claimed != "read" && len(d.SOD) == 0:
		return f, &fault{"evidence-missing", nil}
	case slices.Index(grades, claimed) > proven:
		f.notes = append(f.notes, "evidence-less-than-kiosk-says") // it may have anchors that we lack
	}
	if proven < slices.Index(grades, requires) {
		return f, &fault{"evidence-below-policy", fmt.Errorf("%s, and %s is required", f.grade, requires)}
	}
	return f, f.applicant(d)
}

func gradeOf(r trust.Result) string {
	switch {
	case r.Hashes == trust.Failed, r.Signature == trust.Failed, r.Anchor == trust.Failed:
		return "failed"
	case r.Hashes != trust.OK || r.Signature != trust.OK:
		return "read"
	case r.Anchor == trust.OK:
		return "anchored"
	}
	return "signed"
}

// applicant holds who asks against the card's own files: the personal number
// in the machine readable zone, and number and name in DG13. A file that can't
// be read proves nothing and refutes nothing; the kiosk took what it could from the other.
func (f *findings) applicant(d dossier.Dossier) *fault {
	if len(d.DG1) > 0 {
		zone, err := lds.ParseDG1(d.DG1)
		switch {
		case err != nil:
			f.notes = append(f.notes, "dg1-unreadable")
		case zone.Issuer == "VNM" && !strings.Contains(zone.Optional, d.Applicant.PIN):
			return &fault{"applicant-not-on-card", errors.New("number in DG1")}
		}
	}
	if len(d.DG13) == 0 {
		return nil
	}
	id, _, err := cccd.ParseDG13(d.DG13)
	switch {
	case err != nil:
		f.notes = append(f.notes, "dg13-unreadable")
	case id.PIN != "" && id.PIN != d.Applicant.PIN:
		return &fault{"applicant-not-on-card", errors.New("number in DG13")}
	case id.Name != "" && id.Name != d.Applicant.Name:
		return &fault{"applicant-not-on-card", errors.New("name in DG13")}
	default:
		f.chip = chip(id, d.Applicant)
	}
	return nil
}

// chip is the card by the names forms prefill from (catalogue.ChipFields). What
// DG13 leaves out the kiosk fills from the machine readable zone, and says so in the applicant.
func chip(id cccd.Identity, a dossier.Applicant) map[string]string {
	return map[string]string{
		"idCode": a.PIN, "personName": a.Name,
		"dateOfBirth": cmp.Or(id.DOB, a.DOB), "gender": cmp.Or(id.Sex, a.Sex),
		"nationality": cmp.Or(id.Nationality, a.Nationality), "residencePlace": cmp.Or(id.Residence, a.Residence),
		"oldIdCode": id.OldID, "race": id.Ethnicity, "religion": id.Religion, "originPlace": id.Origin,
		"personalIdentification": id.Features, "issueDate": id.Issued, "expiryDate": id.Expires,
		"fatherName": id.Father, "motherName": id.Mother, "wifeName": id.Spouse,
	}
}

// proof says a grade in the officer's words.
var proof = map[string]string{
	"read":     "chưa kiểm chứng chữ ký cơ quan cấp",
	"signed":   "chữ ký khớp, chưa có chứng thư gốc để đối chiếu",
	"anchored": "chữ ký khớp chứng thư gốc đã cài",
	"genuine":  "chữ ký khớp chứng thư gốc đã cài, chip là bản gốc",
}

// note is GhiChu: how it came, for the officer.
func (f findings) note(d dossier.Dossier) string {
	parts := []string{
		"Nộp tại kiosk " + d.Kiosk,
		"thẻ: " + proof[f.grade],
	}
	if f.kioskGrade != f.grade {
		parts = append(parts, "kiosk ghi nhận: "+proof[f.kioskGrade])
	}
	if d.Clock != "synced" {
		parts = append(parts, "đồng hồ của kiosk chưa đồng bộ")
	}
	if d.AssistedBy != "" {
		parts = append(parts, "có cán bộ hỗ trợ: "+d.AssistedBy)
	}
	for _, p := range d.Papers {
		if p.How == "counter" {
			parts = append(parts, "mang đến quầy: "+p.Name)
		}
	}
	return strings.Join(parts, "; ")
}
