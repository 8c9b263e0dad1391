package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
	"tiepdan/provisioning/fleet"
	"tiepdan/provisioning/staff"
)

// packOf is the program's own catalogue with some words changed.
func packOf(t *testing.T, from, to string) []byte {
	t.Helper()
	dir := os.DirFS("../kiosk/catalogue/data")
	files := fstest.MapFS{}
	if err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var text []byte
			if text, err = fs.ReadFile(dir, name); err == nil {
				files[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(text), from, to))}
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return must(catalogue.WritePack(files))
}

func (p *person) add(name string, pack []byte, into any) int {
	p.t.Helper()
	req := must(http.NewRequest("POST", p.base+"/api/catalogues?name="+name, bytes.NewReader(pack)))
	resp := must(p.Do(req))
	defer resp.Body.Close()
	if into != nil {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			p.t.Fatal(err)
		}
	}
	return resp.StatusCode
}

// A catalogue is put on the shelf by who answers for the whole city, checked, told to
// kiosks, served to them by its hash; the gateway holds dossiers against the one they were
// made under, and newcomers go by what most go by.
func TestCatalogueByHash(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	city, ward := h.person("city", staff.Admin, "*"), h.person("badinh", staff.Admin, "00004")
	d := h.enrol()
	wanted := make(chan link.Desired, 64)
	go d.conn.WatchDesired(t.Context(), func(w link.Desired) { wanted <- w })
	next := func(what string, ok func(link.Desired) bool) link.Desired {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case w := <-wanted:
				if ok(w) {
					return w
				}
			case <-deadline:
				t.Fatal("the kiosk is not told of ", what)
			}
		}
	}

	pack := packOf(t, "Xác nhận thông tin về cư trú", "Giấy xác nhận cư trú")
	from := must(catalogue.OpenPack(pack))
	hash := link.HashOf(pack)
	if status := ward.add("cua-phuong", pack, nil); status != 403 {
		t.Error("one ward's admin adds a catalogue:", status)
	}
	for name, bad := range map[string][]byte{"rubbish": []byte("rubbish"), "broken": packOf(t, "effective_from", "effective_since"), "": pack} {
		if status := city.add(name, bad, nil); status != 400 {
			t.Errorf("%q: %d", name, status)
		}
	}
	if status := city.add("qua-to", make([]byte, 2<<20), nil); status != 413 {
		t.Error("too large:", status)
	}
	var added struct{ Hash string }
	if status := city.add("Quy-4", pack, &added); status != 200 || added.Hash != hash {
		t.Fatal(status, added)
	}
	if status := ward.do("POST", "config/try", map[string]string{"catalogue": strings.Repeat("0", 64)}, nil); status != 400 {
		t.Error("a catalogue that is not there:", status)
	}
	if status := ward.do("POST", "config", map[string]any{"catalogue": hash, "kiosks": []string{d.creds.Kiosk}}, nil); status != 200 {
		t.Fatal(status)
	}
	w := next("a catalogue", func(w link.Desired) bool { return w.Catalogue == hash })
	if got, err := d.conn.Blob(t.Context(), w.Catalogue); err != nil || !bytes.Equal(got, pack) {
		t.Fatal("what is served is not the catalogue:", err)
	}
	r := health.NewTracker().Report(time.Now())
	r.Config, r.Catalogue = w.Config, w.Catalogue
	if err := until(t, func() (bool, error) {
		if err := d.conn.PublishHealth(t.Context(), r); err != nil {
			return false, err
		}
		var outs []struct{ State, Why string }
		ward.do("GET", "rollouts", nil, &outs)
		return len(outs) == 1 && outs[0].State == string(fleet.Finished), nil
	}); err != nil {
		t.Fatal(err)
	}
	var shelf []struct {
		Hash, Name string
		Kiosks     int
	}
	if ward.do("GET", "catalogues", nil, &shelf); len(shelf) != 2 || shelf[0].Hash != fleet.OwnCatalogue || shelf[1].Name != "Quy-4" || shelf[1].Kiosks != 1 {
		t.Errorf("%+v", shelf)
	}

	doc := newDossier(t, d.creds.Kiosk)
	cat := must(from.On(doc.SubmittedAt))
	doc.Catalogue = cat.Version
	filed := d.seal(doc)
	d.publish(filed)
	other := newDossier(t, d.creds.Kiosk)
	other.Catalogue = strings.Repeat("7", 64)
	strange := d.seal(other)
	d.publish(strange)
	for _, one := range []struct {
		sealed dossier.Sealed
		noted  bool
	}{{filed, false}, {strange, true}} {
		if r := d.receipt(one.sealed, 1); r.Outcome != dossier.Accepted {
			t.Errorf("%s %s", r.Outcome, r.Reason)
		}
		var life struct{ Record struct{ Notes []string } }
		if ward.do("GET", "receipts/"+string(one.sealed.Receipt), nil, &life); slices.Contains(life.Record.Notes, "catalogue-other-version") != one.noted {
			t.Errorf("notes: %v, want it noted: %v", life.Record.Notes, one.noted)
		}
	}
	names := []string{}
	for number, item := range h.oneStop() {
		if number == string(filed.Receipt) {
			names = append(names, item["TrichYeuHoSo"].(string))
		}
	}
	if !slices.Contains(names, "Giấy xác nhận cư trú") {
		t.Error("One-Stop is not told by the catalogue the dossier was made under:", names)
	}
	creds, _, err := link.Enrol(t.Context(), h.url, h.code(), nil)
	if err != nil {
		t.Fatal(err)
	}
	newcomer := h.connect(creds)
	told := make(chan link.Desired, 16)
	go newcomer.conn.WatchDesired(t.Context(), func(w link.Desired) { told <- w })
	if w := <-told; w.Catalogue != hash {
		t.Error("a newcomer goes by another catalogue than the others")
	}
	if status := ward.do("POST", "config", map[string]any{"catalogue": fleet.OwnCatalogue, "kiosks": []string{d.creds.Kiosk}}, nil); status != 200 {
		t.Fatal(status)
	}
	next("its own catalogue", func(w link.Desired) bool { return w.Catalogue == "" })
}

// A notice and a lock reach the kiosks they are for at once, each its own admin's.
func TestWord(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir(), anyTOTP)
	ours, viewer, theirs := h.person("badinh", staff.Operator, "00004"), h.person("xem", staff.Viewer, "*"), h.person("other", staff.Admin, "00008")
	d := h.enrol()
	told := make(chan link.Desired, 16)
	go d.conn.WatchDesired(t.Context(), func(w link.Desired) { told <- w })
	say := map[string]any{"kiosks": []string{d.creds.Kiosk}, "locked": true, "notice": map[string]string{"vi": "Nghỉ Tết", "en": "Closed for Tết"}}
	for who, want := range map[*person]int{viewer: 403, theirs: 404, ours: 200} {
		if status := who.do("POST", "word", say, nil); status != want {
			t.Errorf("%d, want %d", status, want)
		}
	}
	for _, bad := range []map[string]string{{"vi": "chỉ tiếng Việt"}, {"vi": strings.Repeat("a", 301), "en": "x"}} {
		if status := ours.do("POST", "word", map[string]any{"kiosks": []string{d.creds.Kiosk}, "notice": bad}, nil); status != 400 {
			t.Error(status)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	for locked := false; !locked; {
		select {
		case w := <-told:
			if locked = w.Locked; locked && w.Notice.VI != "Nghỉ Tết" {
				t.Error(w.Notice)
			}
		case <-ctx.Done():
			t.Fatal("the kiosk is not told")
		}
	}
	var page struct{ Word fleet.Word }
	if ours.do("GET", "kiosks/"+d.creds.Kiosk, nil, &page); !page.Word.Locked || page.Word.Notice.EN != "Closed for Tết" {
		t.Errorf("%+v", page.Word)
	}
	// To many it is told by a rollout, which waits for nobody.
	for range sayAtOnce {
		if _, err := h.run("kiosk", "add", "-unit", "00004", "-site", "Điểm khác"); err != nil {
			t.Fatal(err)
		}
	}
	if err := until(t, func() (bool, error) {
		var n struct{ Total int }
		ours.do("GET", "kiosks", nil, &n)
		return n.Total == sayAtOnce+1, nil
	}); err != nil {
		t.Fatal(err)
	}
	if status := ours.do("POST", "word", map[string]any{"unit": "00004"}, nil); status != 200 {
		t.Fatal(status)
	}
	if err := until(t, func() (bool, error) {
		var outs []struct {
			State string
			Done  int
		}
		ours.do("GET", "rollouts", nil, &outs)
		return len(outs) == 1 && outs[0].State == string(fleet.Finished) && outs[0].Done == sayAtOnce+1, nil
	}); err != nil {
		t.Fatal(err)
	}
	if ours.do("GET", "kiosks/"+d.creds.Kiosk, nil, &page); page.Word.Locked {
		t.Error("it is not open again")
	}
}
