package gateway

import (
	"errors"
	"fmt"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// rules are the catalogues by day: a dossier is held against what was in force
// when it was confirmed, however late it arrives.
type rules struct{ catalogue.Days }

// hold holds a dossier against the catalogue of its day. The catalogue it was
// made under may be another; then it has to satisfy ours, and the difference is noted.
func (r *rules) hold(d dossier.Dossier, f *findings) (*catalogue.Catalogue, *catalogue.Procedure, *fault) {
	cat, err := r.On(d.SubmittedAt)
	if err != nil {
		return nil, nil, &fault{"catalogue-unreadable", err}
	}
	if d.Catalogue != cat.Version {
		f.notes = append(f.notes, "catalogue-other-version")
	}
	p, ok := cat.Procedure(d.Procedure)
	switch {
	case !ok:
		return nil, nil, &fault{"procedure-unknown", errors.New(d.Procedure)}
	case p.Form == nil:
		return nil, nil, &fault{"procedure-without-form", errors.New(d.Procedure)}
	case p.Form.Name != d.Form:
		return nil, nil, &fault{"form-unknown", fmt.Errorf("%s, not %s", d.Form, p.Form.Name)}
	case p.Form.Version != d.FormVersion:
		f.notes = append(f.notes, "form-other-version")
	}
	if err := p.ValidateAnswers(d.Answers, d.Case, d.SubmittedAt); err != nil {
		return nil, nil, &fault{"answers-invalid", err} // AnswerErrors name fields, not values
	}
	if f.chip != nil {
		if err := p.Form.CheckChip(d.Answers, f.chip); err != nil {
			return nil, nil, &fault{"answers-not-on-card", err}
		}
	}
	return cat, p, nil
}
