package session

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	"sync"

	"tiepdan/drivers/card/cccd"
	"tiepdan/drivers/printer"
)

// media is what belongs to the present visit and passes through neither State
// nor View: pictures for the page, and the evidence for the dossier. The web
// reads it from its own goroutines.
type media struct {
	mu       sync.Mutex
	pictures map[string]picture
	evidence map[uint64]cccd.Evidence // by reading
}

type picture struct {
	mime string
	data []byte
	face bool
}

func (m *media) get(id string) (string, []byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pictures[id]
	return p.mime, p.data, ok
}

// add keeps a picture and returns its id, 128 random bits.
func (m *media) add(p picture) string {
	id := rand.Text()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pictures == nil {
		m.pictures = map[string]picture{}
	}
	m.pictures[id] = p
	return id
}

// keep holds the evidence of one reading, the latest only.
func (m *media) keep(reading uint64, e cccd.Evidence) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.evidence = map[uint64]cccd.Evidence{reading: e}
}

func (m *media) proof(reading uint64) cccd.Evidence {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.evidence[reading]
}

// forgetHolder drops face and evidence; the QR codes stay.
func (m *media) forgetHolder() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.evidence = nil
	for id, p := range m.pictures {
		if p.face {
			delete(m.pictures, id)
		}
	}
}

func (m *media) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pictures, m.evidence = nil, nil
}

// addQR keeps text as the picture of a QR code; "" when it does not fit one.
func (m *media) addQR(text string) string {
	modules, err := printer.QRModules(text)
	if err != nil {
		return ""
	}
	const quiet, scale = 4, 8 // ISO/IEC 18004 section 9.1
	side := (len(modules) + 2*quiet) * scale
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			my, mx := y/scale-quiet, x/scale-quiet
			if my >= 0 && my < len(modules) && mx >= 0 && mx < len(modules) && modules[my][mx] {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if png.Encode(&b, img) != nil {
		return "" // a bytes.Buffer takes all: only an image without a size fails
	}
	return m.add(picture{mime: "image/png", data: b.Bytes()})
}
