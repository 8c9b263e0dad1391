package session

import (
	"time"

	"tiepdan/drivers/card/cccd"
	"tiepdan/kiosk/dossier"
)

// BuildDossier makes the dossier that the person has just confirmed. It is pure;
// sealing and storing are the recorder's business.
func BuildDossier(s State, proof cccd.Evidence, now time.Time) dossier.Dossier {
	v, site := &s.Visit, s.Env.Site
	p := s.Procedure()
	id := v.Holder.Identity
	channel, _ := s.Env.Channel(p)
	d := dossier.Dossier{
		Version:     dossier.Version,
		Receipt:     v.Receipt,
		Kiosk:       site.Kiosk,
		Site:        site.Name,
		Unit:        site.UnitCode,
		Agency:      site.Agency,
		Channel:     channel.Kind,
		SubmittedAt: now,
		Clock:       s.Levels.Clock,
		Catalogue:   s.Env.Catalogue.Version,
		Procedure:   p.Code,
		Case:        v.Filing.Case,
		Form:        p.Form.Name,
		FormVersion: p.Form.Version,
		Lang:        v.Comfort.Lang,
		Applicant: dossier.Applicant{
			PIN: id.PIN, Name: id.Name, DOB: id.DOB, Sex: id.Sex, Nationality: id.Nationality, Residence: id.Residence,
		},
		Answers: p.Form.Complete(v.Filing.Answers, s.Chip()),
		Verdict: v.Holder.Verdict,
		SOD:     proof.SOD, DG1: proof.DG1, DG13: proof.DG13,
	}
	for _, paper := range s.Papers() {
		c := v.Filing.Papers[paper.Code]
		if c.How == "" {
			continue
		}
		part := dossier.Paper{Code: paper.Code, Name: paper.Name.VI, How: c.How}
		if c.How == HowECert {
			part.Kind, part.Number = paper.ECertificate.Kind, c.Number
		}
		d.Papers = append(d.Papers, part)
	}
	for _, c := range s.Consents() {
		d.Consents = append(d.Consents, dossier.Consent{
			Purpose: c.Purpose, Text: c.Version, Given: v.Filing.Consents[c.Purpose], Method: "touch", At: v.Filing.Agreed,
		})
	}
	return d
}
