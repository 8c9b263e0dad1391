package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"tiepdan/drivers/card/cccd"
)

// wireDossier is the encoding: the same fields as Dossier, of types that don't
// redact themselves. The order of the fields is the order of the bytes.
type wireDossier struct {
	Version     int               `json:"version"`
	Receipt     ReceiptNumber     `json:"receipt"`
	Kiosk       string            `json:"kiosk"`
	Site        string            `json:"site"`
	Unit        string            `json:"unit"`
	Agency      string            `json:"agency"`
	Channel     string            `json:"channel"`
	AssistedBy  string            `json:"assisted_by"`
	SubmittedAt time.Time         `json:"submitted_at"`
	Clock       string            `json:"clock"`
	Catalogue   string            `json:"catalogue"`
	Procedure   string            `json:"procedure"`
	Case        string            `json:"case"`
	Form        string            `json:"form"`
	FormVersion string            `json:"form_version"`
	Lang        string            `json:"lang"`
	Applicant   wireApplicant     `json:"applicant"`
	Answers     map[string]string `json:"answers"`
	Papers      []wirePaper       `json:"papers"`
	Consents    []Consent         `json:"consents"`
	Verdict     wireVerdict       `json:"verdict"`
	SOD         []byte            `json:"sod"`
	DG1         []byte            `json:"dg1"`
	DG13        []byte            `json:"dg13"`
}

type wireApplicant struct {
	PIN         string `json:"pin"`
	Name        string `json:"name"`
	DOB         string `json:"dob"`
	Sex         string `json:"sex"`
	Nationality string `json:"nationality"`
	Residence   string `json:"residence"`
}

type (
	wirePaper   Paper
	wireVerdict cccd.Verdict
)

// Encode returns the canonical bytes of a valid dossier: JSON with its fields
// in order, keys of answers sorted, times in UTC to the millisecond, absent
// lists as [], no white space. Equal dossiers encode to equal bytes.
func (d Dossier) Encode() ([]byte, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	w := wireDossier{
		Version: d.Version, Receipt: d.Receipt, Kiosk: d.Kiosk, Site: d.Site, Unit: d.Unit,
		Agency: d.Agency, Channel: d.Channel, AssistedBy: d.AssistedBy,
		SubmittedAt: canonicalTime(d.SubmittedAt), Clock: d.Clock, Catalogue: d.Catalogue,
		Procedure: d.Procedure, Case: d.Case, Form: d.Form, FormVersion: d.FormVersion, Lang: d.Lang,
		Applicant: wireApplicant(d.Applicant),
		Answers:   map[string]string{},
		Papers:    []wirePaper{},
		Consents:  []Consent{},
		Verdict:   wireVerdict(d.Verdict),
		SOD:       append([]byte{}, d.SOD...),
		DG1:       append([]byte{}, d.DG1...),
		DG13:      append([]byte{}, d.DG13...),
	}
	if d.Answers != nil {
		w.Answers = d.Answers
	}
	for _, p := range d.Papers {
		w.Papers = append(w.Papers, wirePaper(p))
	}
	for _, a := range d.Consents {
		a.At = canonicalTime(a.At)
		w.Consents = append(w.Consents, a)
	}
	b, err := canonicalJSON(w)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, "encoding") // json's own words may quote a value
	}
	if len(b) > MaxEncoded {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrInvalid, MaxEncoded)
	}
	return b, nil
}

// Decode reads what [Dossier.Encode] wrote and nothing else: unknown or
// repeated fields, white space and other spellings are refused, so that one
// dossier has one encoding and one hash.
func Decode(b []byte) (Dossier, error) {
	if len(b) > MaxEncoded {
		return Dossier{}, fmt.Errorf("%w: larger than %d bytes", ErrInvalid, MaxEncoded)
	}
	var w wireDossier
	if err := json.Unmarshal(b, &w); err != nil {
		return Dossier{}, fmt.Errorf("%w: not its JSON", ErrInvalid)
	}
	d := Dossier{
		Version: w.Version, Receipt: w.Receipt, Kiosk: w.Kiosk, Site: w.Site, Unit: w.Unit,
		Agency: w.Agency, Channel: w.Channel, AssistedBy: w.AssistedBy,
		SubmittedAt: w.SubmittedAt, Clock: w.Clock, Catalogue: w.Catalogue,
		Procedure: w.Procedure, Case: w.Case, Form: w.Form, FormVersion: w.FormVersion, Lang: w.Lang,
		Applicant: Applicant(w.Applicant),
		Answers:   w.Answers,
		Consents:  w.Consents,
		Verdict:   cccd.Verdict(w.Verdict),
		SOD:       w.SOD, DG1: w.DG1, DG13: w.DG13,
	}
	for _, p := range w.Papers {
		d.Papers = append(d.Papers, Paper(p))
	}
	again, err := d.Encode()
	if err != nil {
		return Dossier{}, err
	}
	if !bytes.Equal(again, b) {
		return Dossier{}, fmt.Errorf("%w: not in canonical form", ErrInvalid)
	}
	return d, nil
}

func canonicalTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func canonicalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
