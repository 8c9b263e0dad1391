package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
)

// Shelf is where other catalogues are than the program's own.
type Shelf interface {
	// Hashes are those of all of them, the newest first.
	Hashes(ctx context.Context) ([]string, error)
	Source(ctx context.Context, hash string) (catalogue.Source, error)
}

// rules are the catalogues by day: a dossier is held against what was in force
// when it was confirmed, however late it arrives, in the catalogue that it was made under.
type rules struct {
	own   catalogue.Days
	shelf Shelf // nil: there are no others

	mu     sync.Mutex
	others map[string]*catalogue.Days
	newest *catalogue.Days // nil: own
	looked time.Time       // at the shelf
}

// lookAgain is how often a version that nobody knows has the shelf looked at.
const lookAgain = 10 * time.Second

// of is the catalogue of that version for a day; if nobody has it, the newest there is.
func (r *rules) of(ctx context.Context, version string, day time.Time) (*catalogue.Catalogue, error) {
	own, err := r.own.On(day)
	if err != nil || r.shelf == nil || own.Version == version {
		return own, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for fresh := false; ; fresh = true {
		for _, days := range r.others {
			if cat, err := days.On(day); err == nil && cat.Version == version {
				return cat, nil
			}
		}
		if fresh || time.Since(r.looked) < lookAgain {
			break
		}
		if err := r.look(ctx); err != nil {
			return nil, err
		}
	}
	if r.newest == nil {
		return own, nil
	}
	if cat, err := r.newest.On(day); err == nil {
		return cat, nil
	}
	return own, nil // it has nothing for that day
}

// look takes from the shelf what is new there.
func (r *rules) look(ctx context.Context) error {
	hashes, err := r.shelf.Hashes(ctx)
	if err != nil {
		return later("catalogues", err)
	}
	r.looked = time.Now()
	for i, hash := range hashes {
		if r.others[hash] == nil {
			from, err := r.shelf.Source(ctx, hash)
			if err != nil {
				return later("catalogues", err)
			}
			if r.others == nil {
				r.others = map[string]*catalogue.Days{}
			}
			r.others[hash] = catalogue.NewDays(from)
		}
		if i == 0 {
			r.newest = r.others[hash]
		}
	}
	return nil
}

// hold holds a dossier against the catalogue of its day. If nobody has the catalogue it was
// made under, it has to satisfy ours, and the difference is noted.
func (r *rules) hold(ctx context.Context, d dossier.Dossier, f *findings) (*catalogue.Catalogue, *catalogue.Procedure, error) {
	cat, err := r.of(ctx, d.Catalogue, d.SubmittedAt)
	if later, ok := errors.AsType[*tryLater](err); ok {
		return nil, nil, later
	}
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
