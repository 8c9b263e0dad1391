package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"tiepdan/kiosk/catalogue"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/staff"
)

// Catalogues besides the one that programs are built with, and what kiosks say at once.

// catalogueOf is the one of this hash as in force today; "": the program's own.
func (c *centre) catalogueOf(ctx context.Context, hash string) (*catalogue.Catalogue, error) {
	if hash == "" {
		return c.catalogues.On(time.Now())
	}
	c.shelved.Lock()
	days := c.shelf[hash]
	c.shelved.Unlock()
	if days == nil {
		from, err := c.registry.Shelf.Source(ctx, hash)
		if errors.Is(err, enrol.ErrNoBlob) {
			return nil, bad("there is no catalogue %.12s", hash)
		}
		if err != nil {
			return nil, err
		}
		days = catalogue.NewDays(from)
		c.shelved.Lock()
		if c.shelf == nil {
			c.shelf = map[string]*catalogue.Days{}
		}
		c.shelf[hash] = days
		c.shelved.Unlock()
	}
	return days.On(time.Now())
}

// usual is the catalogue that most kiosks go by: newcomers go by it too, and it has the
// names of what is reported.
func (c *centre) usual(ctx context.Context) (hash string, cat *catalogue.Catalogue, err error) {
	hash = c.city.usual()
	cat, err = c.catalogueOf(ctx, hash)
	return hash, cat, err
}

// A catalogueLine is a catalogue in a list, and how many kiosks of the caller's are told it.
type catalogueLine struct {
	enrol.Catalogue
	Kiosks int `json:"kiosks"`
}

func (c *centre) apiCatalogues(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	shelf, err := c.registry.Shelf.All(r.Context())
	if err != nil {
		return nil, err
	}
	own, err := c.catalogues.On(time.Now())
	if err != nil {
		return nil, err
	}
	told := c.city.told(who.Sees)
	lines := []catalogueLine{{enrol.Catalogue{Hash: fleet.OwnCatalogue, Procedures: len(own.Procedures())}, told[""]}}
	for _, one := range shelf {
		lines = append(lines, catalogueLine{one, told[one.Hash]})
	}
	return lines, nil
}

// maxName bounds what people call a catalogue.
const maxName = 100

// apiAddCatalogue takes a pack as it is. It is the whole city's: who adds it answers for all.
func (c *centre) apiAddCatalogue(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	if !who.Everywhere() {
		return nil, errForbidden
	}
	name := r.URL.Query().Get("name")
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return nil, bad("name: 1 to %d bytes", maxName)
	}
	pack, err := io.ReadAll(r.Body)
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "too-large", nil}
	}
	if err != nil {
		return nil, bad("%w", err)
	}
	var added enrol.Catalogue
	err = c.do(r.Context(), who, staff.Deed{What: "catalogue.add", Target: name}, func() (err error) {
		added, err = c.registry.Shelf.Add(r.Context(), name, who.Name, pack, time.Now())
		if errors.Is(err, enrol.ErrPack) {
			return &refusal{http.StatusBadRequest, "catalogue-wrong", err}
		}
		return err
	})
	return added, err
}

// wordRequest is what kiosks are to say, and whether they serve people.
type wordRequest struct {
	whom
	fleet.Word
}

const (
	maxNotice = 300
	// sayAtOnce is how many kiosks are told while the caller waits.
	sayAtOnce = 20
)

// apiWord has kiosks show a notice, or serve nobody; it holds within moments, and for those
// that are away when they are back.
func (c *centre) apiWord(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	var in wordRequest
	if err := input(r, &in); err != nil {
		return nil, err
	}
	if n := in.Notice; n != nil {
		if n.VI == "" && n.EN == "" {
			in.Notice = nil
		} else if n.VI == "" || n.EN == "" || len(n.VI) > maxNotice || len(n.EN) > maxNotice {
			return nil, bad("notice: in Vietnamese and in English, %d bytes at most each", maxNotice)
		}
	}
	kiosks, err := c.targets(r.Context(), who, in.whom)
	if err != nil {
		return nil, err
	}
	out := rollout(who, kiosks)
	out.Word = &in.Word
	deed := staff.Deed{What: "kiosk.word", Target: out.Kiosks[0], Unit: in.Unit, Detail: wordDetail(in.Word)}
	if len(kiosks) > 1 {
		deed.Target, deed.Detail = out.ID, fmt.Sprintf("%d kiosks; %s", len(kiosks), deed.Detail)
	}
	err = c.do(r.Context(), who, deed, func() error {
		if len(kiosks) > sayAtOnce {
			return c.rollouts.Begin(r.Context(), out)
		}
		for _, k := range kiosks {
			if _, err := c.apply(r.Context(), k.ID, out); err != nil {
				return err
			}
		}
		return nil
	})
	return map[string]int{"kiosks": len(kiosks)}, err
}

func wordDetail(w fleet.Word) string {
	said := "open"
	if w.Locked {
		said = "closed"
	}
	if w.Notice != nil {
		said += ": " + w.Notice.VI
	}
	return said
}

// wordOf is what one kiosk was told to say.
func wordOf(k enrol.Kiosk) fleet.Word { return fleet.Word{Notice: k.Notice, Locked: k.Locked} }
