package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"tiepdan/kiosk/config"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/enrol"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/staff"
)

// Configurations and catalogues: a change of some fields, or another catalogue, tried on every kiosk it is for before any of
// them hears of it, and then told in waves.

// maxChange bounds a change as it is typed.
const maxChange = 64 << 10

// fixedFields are those of a kiosk that no change of many may touch: whose it is, what it is
// made of, and the code to its technician's page.
var fixedFields = []string{"unit", "devices", "technician"}

// change puts the fields of a change into a configuration, as a whole each.
func change(current []byte, text string) ([]byte, error) {
	var have, want map[string]any
	if err := yaml.Unmarshal([]byte(text), &want); err != nil || len(want) == 0 {
		return nil, fmt.Errorf("a change is lines like “phone: 1022” (%w)", err)
	}
	for _, field := range fixedFields {
		if _, there := want[field]; there {
			return nil, fmt.Errorf("%s is each kiosk's own", field)
		}
	}
	if err := yaml.Unmarshal(current, &have); err != nil {
		return nil, err
	}
	maps.Copy(have, want)
	whole, err := yaml.Marshal(have)
	if err != nil {
		return nil, err
	}
	c, err := config.Parse(whole)
	if err != nil {
		return nil, err
	}
	return c.Marshal()
}

// changed is a kiosk's configuration after a change, if it could live by that and its catalogue.
func (c *centre) changed(ctx context.Context, k enrol.Kiosk, text string) ([]byte, error) {
	whole := k.Config
	if text != "" {
		var err error
		if whole, err = change(k.Config, text); err != nil {
			return nil, err
		}
	}
	cfg, err := config.Parse(whole)
	if err != nil {
		return nil, err
	}
	cat, err := c.catalogueOf(ctx, k.Catalogue)
	if err != nil {
		return nil, err
	}
	return whole, cfg.Check(cat)
}

// apply tells one kiosk what a rollout is about; it is the rollouts' way.
func (c *centre) apply(ctx context.Context, id string, r fleet.Rollout) (fleet.Ask, error) {
	k, err := c.registry.Kiosk(ctx, id) // as it is now: another change may have come first
	if err != nil {
		return fleet.Ask{}, err
	}
	if r.Word != nil {
		_, err := c.registry.Set(ctx, id, func(k *enrol.Kiosk) { k.Notice, k.Locked = r.Word.Notice, r.Word.Locked })
		return fleet.Ask{}, err
	}
	k.Catalogue = chosen(k, r.Catalogue)
	whole, err := c.changed(ctx, k, r.Change)
	if err != nil {
		return fleet.Ask{}, err
	}
	if _, err := c.registry.Set(ctx, id, func(now *enrol.Kiosk) { now.Config, now.Catalogue = whole, k.Catalogue }); err != nil {
		return fleet.Ask{}, err
	}
	return fleet.Ask{Config: link.HashOf(whole), Catalogue: k.Catalogue}, nil
}

// chosen is the catalogue of a kiosk after a rollout of this one; "": it is of something else.
func chosen(k enrol.Kiosk, hash string) string {
	switch hash {
	case "":
		return k.Catalogue
	case fleet.OwnCatalogue:
		return ""
	}
	return hash
}

// whom is whom something is for: kiosks by name, all of a unit, or all.
type whom struct {
	Unit   string   `json:"unit"`
	Kiosks []string `json:"kiosks"`
}

// configRequest is a change of some fields, or another catalogue, and whom it is for.
type configRequest struct {
	whom
	Change    string `json:"change"`
	Catalogue string `json:"catalogue"`
}

// targets are the kiosks it is for, those that are well first: the first wave is to
// show what the change does, not what else is the matter.
func (c *centre) targets(ctx context.Context, who caller, in whom) ([]enrol.Kiosk, error) {
	all, err := c.city.stand(ctx)
	if err != nil {
		return nil, err
	}
	var chosen []fleet.Standing
	found := map[string]bool{}
	for _, st := range all {
		named := slices.Contains(in.Kiosks, st.ID)
		found[st.ID] = named && who.Sees(st.Unit)
		if !who.Sees(st.Unit) || st.Colour == fleet.Revoked || len(in.Kiosks) > 0 && !named || in.Unit != "" && st.Unit != in.Unit {
			continue
		}
		chosen = append(chosen, st)
	}
	for _, id := range in.Kiosks {
		if !found[id] {
			return nil, errNotThere
		}
	}
	slices.SortStableFunc(chosen, func(a, b fleet.Standing) int {
		well := func(st fleet.Standing) int {
			if st.Colour == fleet.Green {
				return 0
			}
			return 1
		}
		if by := well(a) - well(b); by != 0 {
			return by
		}
		return strings.Compare(a.ID, b.ID)
	})
	kiosks := make([]enrol.Kiosk, 0, len(chosen))
	for _, st := range chosen {
		if k, ok := c.city.kiosk(st.ID); ok {
			kiosks = append(kiosks, k)
		}
	}
	if len(kiosks) == 0 {
		return nil, bad("there is no kiosk to change")
	}
	return kiosks, nil
}

// readChange reads a request and tries it on every kiosk it is for.
func (c *centre) readChange(r *http.Request, who caller) (in configRequest, kiosks []enrol.Kiosk, err error) {
	if err := input(r, &in); err != nil {
		return in, nil, err
	}
	if len(in.Change) > maxChange {
		return in, nil, bad("change: %d bytes at most", maxChange)
	}
	if (in.Change == "") == (in.Catalogue == "") {
		return in, nil, bad("a change, or a catalogue")
	}
	if kiosks, err = c.targets(r.Context(), who, in.whom); err != nil {
		return in, nil, err
	}
	for _, k := range kiosks {
		k.Catalogue = chosen(k, in.Catalogue)
		if _, err := c.changed(r.Context(), k, in.Change); err != nil {
			return in, nil, &refusal{http.StatusBadRequest, "config-wrong", fmt.Errorf("%s: %w", k.ID, err)}
		}
	}
	return in, kiosks, nil
}

// apiTryConfig shows what a change would do, to the first of those it is for.
func (c *centre) apiTryConfig(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	in, kiosks, err := c.readChange(r, who)
	if err != nil {
		return nil, err
	}
	after, err := c.changed(r.Context(), kiosks[0], in.Change)
	if err != nil {
		return nil, err
	}
	return map[string]any{"kiosks": len(kiosks), "first": kiosks[0].ID, "before": shown(kiosks[0].Config), "after": shown(after)}, nil
}

func (c *centre) apiBeginConfig(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	in, kiosks, err := c.readChange(r, who)
	if err != nil {
		return nil, err
	}
	out := rollout(who, kiosks)
	out.Change, out.Catalogue = in.Change, in.Catalogue
	err = c.do(r.Context(), who, staff.Deed{What: "config.begin", Target: out.ID, Unit: in.Unit, Detail: fmt.Sprintf("%d kiosks", len(kiosks))}, func() error {
		return c.rollouts.Begin(r.Context(), out)
	})
	return rolloutLine(out), err
}

func rollout(who caller, kiosks []enrol.Kiosk) fleet.Rollout {
	out := fleet.Rollout{ID: rand.Text(), By: who.Name, At: time.Now().UTC()}
	for _, k := range kiosks {
		out.Kiosks = append(out.Kiosks, k.ID)
		if !slices.Contains(out.Units, k.Unit) {
			out.Units = append(out.Units, k.Unit)
		}
	}
	return out
}

// rolloutLine is a rollout for a list: how far it is, not every kiosk's name.
func rolloutLine(r fleet.Rollout) map[string]any {
	return map[string]any{
		"id": r.ID, "by": r.By, "at": jsonTime(r.At), "change": string(hashes.ReplaceAll([]byte(r.Change), []byte("(…)"))), "catalogue": r.Catalogue, "word": r.Word,
		"kiosks": len(r.Kiosks), "done": r.Done, "waits": len(r.Told), "state": r.State, "why": r.Why, "changed": jsonTime(r.Changed),
	}
}

// apiRollouts lists those that are about the caller's units alone.
func (c *centre) apiRollouts(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	all, err := c.rollouts.All(r.Context())
	if err != nil {
		return nil, err
	}
	lines := []map[string]any{}
	for _, one := range all {
		if allTheirs(who, one) {
			lines = append(lines, rolloutLine(one))
		}
	}
	return lines, nil
}

func allTheirs(who caller, r fleet.Rollout) bool {
	return !slices.ContainsFunc(r.Units, func(u string) bool { return !who.Sees(u) })
}

func (c *centre) apiStopRollout(_ http.ResponseWriter, r *http.Request, who caller) (any, error) {
	id := r.PathValue("id")
	all, err := c.rollouts.All(r.Context())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(one fleet.Rollout) bool { return one.ID == id && allTheirs(who, one) })
	if i < 0 {
		return nil, errNotThere
	}
	err = c.do(r.Context(), who, staff.Deed{What: "config.stop", Target: id}, func() error {
		return c.rollouts.Stop(r.Context(), id, time.Now().UTC(), func(one fleet.Rollout) bool { return allTheirs(who, one) })
	})
	return map[string]string{}, err
}

// blob serves what is called by its hash; whoever knows the hash was told it.
func (c *centre) blob(w http.ResponseWriter, r *http.Request) {
	text, err := c.registry.Blob(r.Context(), r.PathValue("hash"))
	if errors.Is(err, enrol.ErrNoBlob) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, "the bus is away, try again", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(text) // nobody is left to tell if this fails
}
