package kiosksim

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// What is filed: a change of residence, which needs no paper and takes some.
const procedure = "1.010041"

// today is the catalogue in force when the simulation began, loaded once for all kiosks.
var today = sync.OnceValues(func() (*catalogue.Catalogue, error) { return catalogue.Embedded(time.Now()) })

// given names of people there are none of.
var given = []string{"AN", "BÌNH", "CHI", "DŨNG", "GIANG", "HÀ", "KHẢI", "LAN", "MINH", "NGÂN", "PHƯƠNG", "QUỲNH", "SƠN", "THẢO", "UYÊN", "VIỆT", "YẾN"}

// Filing is a dossier of somebody made up, with this many scanned pages of noise.
func Filing(kiosk, unit string, papers int) (dossier.Dossier, []dossier.Part, error) {
	return FilingOf(dossier.Applicant{
		PIN:  fmt.Sprintf("001090%06d", mathrand.IntN(1_000_000)),
		Name: "NGUYỄN MÔ PHỎNG " + given[mathrand.IntN(len(given))],
		DOB:  "01/02/1990", Sex: "Nam", Nationality: "Việt Nam", Residence: "Số 1 phố Mô Phỏng",
	}, kiosk, unit, papers)
}

// FilingOf is a dossier of this person, by a card that could only be read.
func FilingOf(who dossier.Applicant, kiosk, unit string, papers int) (dossier.Dossier, []dossier.Part, error) {
	number, err := dossier.NewReceiptNumber(rand.Reader)
	if err != nil {
		return dossier.Dossier{}, nil, err
	}
	cat, err := today()
	if err != nil {
		return dossier.Dossier{}, nil, err
	}
	p, ok := cat.Procedure(procedure)
	if !ok {
		return dossier.Dossier{}, nil, fmt.Errorf("kiosksim: the catalogue has no %s", procedure)
	}
	now := time.Now()
	d := dossier.Dossier{
		Version: dossier.Version, Receipt: number, Kiosk: kiosk, Site: "Điểm mô phỏng", Unit: unit, Agency: "000.00.06.H26",
		Channel: "online", SubmittedAt: now, Clock: "synced", Catalogue: cat.Version, Procedure: p.Code, Case: p.Cases[0].Code,
		Form: p.Form.Name, FormVersion: p.Form.Version, Lang: "vi", Applicant: who,
		Answers: p.Form.Complete(map[string]string{
			"nycNoiCuTru": who.Residence, "nycDonViCuTru": unit, "laChuHo": "yes", "noiDungDeNghi": "thuong-tru", "nycDienThoai": "0912345678",
		}, map[string]string{"personName": who.Name, "dateOfBirth": who.DOB, "gender": who.Sex, "idCode": who.PIN}),
		Consents: []dossier.Consent{{Purpose: "file", Text: "1", Given: true, Method: "touch", At: now}},
		Verdict:  cccd.Verdict{Grade: cccd.GradeRead, Hashes: cccd.Unchecked, Signature: cccd.Unchecked, Anchor: cccd.NoAnchors, Chip: cccd.Unchecked},
	}
	var parts []dossier.Part
	for n := 1; n <= papers; n++ {
		page := make([]byte, 20_000+mathrand.IntN(60_000))
		copy(page, "\xff\xd8\xff\xe0")
		if _, err := rand.Read(page[4:]); err != nil {
			return dossier.Dossier{}, nil, err
		}
		parts = append(parts, dossier.Part{N: n, MIME: "image/jpeg", Data: page})
	}
	if papers > 0 {
		pages := dossier.Paper{Code: "KQ1", Name: "Giấy tờ", How: "pages"}
		for _, part := range parts {
			pages.Parts = append(pages.Parts, part.N)
		}
		d.Papers = append(d.Papers, pages)
	}
	return d, parts, p.ValidateAnswers(d.Answers, d.Case, now)
}
