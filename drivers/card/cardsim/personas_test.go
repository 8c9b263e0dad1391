package cardsim

import (
	"bytes"
	"image/jpeg"
	"strings"
	"testing"
)

// The vector of an MRZ with all check digits right.
func TestMRZ(t *testing.T) {
	an, ok := ByName("an")
	if !ok {
		t.Fatal("no persona an")
	}
	want := "IDVNM0990123459001099012345<<0" + "9905201M3905209VNM<<<<<<<<<<<4" + "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"
	if got := an.MRZ(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What a test searches for must lead to one persona.
func TestPersonasAreDistinct(t *testing.T) {
	var all []string
	for _, p := range Personas() {
		all = append(all, strings.Join(p.Secrets(), "\n"))
	}
	for i, p := range Personas() {
		if len(p.Secrets()) < 8 {
			t.Errorf("%s has %d secrets", p.Name, len(p.Secrets()))
		}
		for _, s := range p.Secrets() {
			if len(s) < 8 {
				t.Errorf("%s: %q is too short to search for", p.Name, s)
			}
			for j, text := range all {
				if i != j && strings.Contains(text, s) {
					t.Errorf("%q is of %s and of %s", s, p.Name, Personas()[j].Name)
				}
			}
		}
		if got := p.MRZ(); len(got) != 90 || strings.Trim(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") != "" {
			t.Errorf("%s: MRZ %q", p.Name, got)
		}
	}
}

func TestPortrait(t *testing.T) {
	for _, p := range Personas() {
		b, w, h := p.portrait(false)
		img, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil || img.Bounds().Dx() != w || img.Bounds().Dy() != h {
			t.Fatalf("%s: %v, %v", p.Name, err, img)
		}
		if len(b) < 12<<10 || len(b) > 16<<10 {
			t.Errorf("%s: portrait of %d bytes", p.Name, len(b))
		}
		if dg2 := faceFile(b, w, h); !bytes.HasPrefix(dg2[84:], []byte{0xFF, 0xD8, 0xFF}) {
			t.Errorf("%s: the picture does not start at byte 84", p.Name)
		}
	}
	an, _ := ByName("an")
	if b, _, _ := an.portrait(true); len(b) < 33<<10 {
		t.Errorf("large portrait of %d bytes", len(b))
	}
}
