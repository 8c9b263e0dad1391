//go:build !release

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tiepdan/drivers/card/cardsim"
	"tiepdan/drivers/card/pcsc"
	"tiepdan/drivers/printer"
	"tiepdan/drivers/printer/printersim"
	"tiepdan/drivers/scanner"
	"tiepdan/drivers/scanner/scannersim"
	"tiepdan/kiosk/config"
	"tiepdan/kiosk/web"
)

// The officer of a simulated kiosk that was told of none.
const (
	simOfficer = "quay1"
	simPIN     = "246810"
)

// A touch of a real chip's slowness, so that the screen of reading is seen.
var simLatency = cardsim.Latency{PerAPDU: 6 * time.Millisecond, PerByte: 3 * time.Microsecond}

// simulation is the virtual counter: what /bench and /sim move.
type simulation struct {
	place   cardPlace
	reader  *cardsim.Reader // nil: cards are laid on vpcd, behind a real pcscd
	printer *printersim.Sim
	scanner *scannersim.Sim

	mu  sync.Mutex
	cut func(bool) // the link's switch; nil until there is one
}

// openSimulated makes a whole counter of simulated devices. Printer and scanner
// stand behind ptys, so that the serial code is the real one. With the address
// of a vpcd, cards are read through the real pcscd it belongs to.
func openSimulated(cfg config.Config, dir, vpcd string, log *slog.Logger) (*devices, error) {
	profile, err := printerProfile(cfg)
	if err != nil {
		return nil, err
	}
	s := &simulation{scanner: scannersim.New(), printer: printersim.New(profile.Dots, log.With("part", "printersim"))}
	s.printer.Behave(profile)
	cards, laying, err := s.openReader(cfg, vpcd)
	if err != nil {
		return nil, err
	}
	ttys := filepath.Join(dir, "sim")
	if err := os.MkdirAll(ttys, 0o700); err != nil {
		return nil, err
	}
	if err := s.printer.OpenPTY(ttys); err != nil {
		return nil, fmt.Errorf("simulated printer: %w", err)
	}
	if err := s.scanner.OpenPTY(ttys); err != nil {
		return nil, fmt.Errorf("simulated scanner: %w", err)
	}
	scanning, err := scanner.ProfileNamed(cfg.Devices.Scanner.Profile)
	if err != nil {
		return nil, err
	}
	p, err := printer.New(printer.Open(s.printer.Port(), profile.Baud), profile, log.With("part", "printer"))
	if err != nil {
		return nil, err
	}
	return &devices{
		cards: cards, printer: p,
		scanner: scanner.New(scanner.Serial(s.scanner.Port(), 115200), scanning, log.With("part", "scanner")),
		anchors: [][]byte{cardsim.CSCA()},
		officer: &config.Officer{ID: simOfficer, Name: "Cán bộ quầy 1", PIN: web.HashPIN(simPIN)},
		began:   func(_ int64, kind printer.Kind, number string) { s.printer.Expect(string(kind), number) },
		cut:     func(set func(bool)) { s.mu.Lock(); s.cut = set; s.mu.Unlock() },
		run: []worker{{"printersim", func(ctx context.Context) error {
			defer s.printer.Close()
			return s.printer.Serve(ctx)
		}}, laying},
		pages: map[string]string{"/bench": "bench.html"},
		routes: map[string]http.Handler{
			"GET /sim/personas":           http.HandlerFunc(s.personas),
			"POST /sim/card":              body(s.lay),
			"DELETE /sim/card":            http.HandlerFunc(s.pull),
			"POST /sim/scan":              body(s.scan),
			"POST /sim/printer":           body(s.setPrinter),
			"POST /sim/link":              body(s.setLink),
			"POST /sim/reader":            body(s.setReader),
			"GET /sim/printer/paper.json": http.HandlerFunc(s.papers),
			"GET /sim/printer/paper.png":  http.HandlerFunc(s.paper),
		},
	}, nil
}

// openReader is the virtual reader or, with the address of a vpcd, the real
// pcscd that vpcd's reader belongs to.
func (s *simulation) openReader(cfg config.Config, vpcd string) (reader, worker, error) {
	if vpcd == "" {
		s.reader = new(cardsim.Reader)
		s.place = s.reader
		return s.reader, worker{"cardsim", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, nil
	}
	if !pcsc.Built {
		return nil, worker{}, errors.New("-vpcd: this build reaches no pcscd: build with -tags pcsc (needs cgo and libpcsclite-dev)")
	}
	place := &vpcdPlace{addr: vpcd, lay: make(chan *cardsim.Chip)}
	s.place = place
	return pcsc.New(cfg.Devices.Reader), worker{"vpcd", place.run}, nil
}

// maxSimBody lets garbage reach the simulated devices.
const maxSimBody = 4 << 20

// body decodes a strict JSON body and answers with what do says of it.
func body[T any](do func(context.Context, T) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in *T // stays nil for null, which encoding/json takes for any struct
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSimBody))
		d.DisallowUnknownFields()
		err := d.Decode(&in)
		if err == nil && in == nil {
			err = errors.New("null is none")
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("%s wants a JSON object: %v", r.URL.Path, err), http.StatusBadRequest)
			return
		}
		if err := do(r.Context(), *in); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

type laying struct {
	Persona, Fault string
	Latency        string // PER_APDU,PER_BYTE, such as 40ms,10us; absent: a touch of it
	QR             *bool  // absent: true, as a combined reader shows it
}

func (s *simulation) lay(ctx context.Context, in laying) error {
	persona, ok := cardsim.ByName(in.Persona)
	if !ok {
		return fmt.Errorf("there is no persona %q; GET /sim/personas lists them", in.Persona)
	}
	latency := simLatency
	if in.Latency != "" {
		var err error
		if latency, err = parseLatency(in.Latency); err != nil {
			return err
		}
	}
	chip, err := cardsim.New(persona, cardsim.Options{Fault: in.Fault, Latency: latency})
	if err != nil {
		return err
	}
	s.place.Insert(chip)
	if in.QR == nil || *in.QR {
		return s.scan(ctx, scanOrder{Text: persona.QR()})
	}
	return nil
}

func (s *simulation) pull(w http.ResponseWriter, _ *http.Request) {
	s.place.Remove()
	w.WriteHeader(http.StatusNoContent)
}

type scanOrder struct{ Text, Fault string }

func (s *simulation) scan(_ context.Context, in scanOrder) error {
	if in.Text == "" {
		return errors.New("text is what is to be scanned")
	}
	if err := s.scanner.SetFault(in.Fault); err != nil {
		return err
	}
	return s.scanner.Scan(in.Text)
}

type printerSetting struct{ Paper, Cover, Line, Fault string }

func (s *simulation) setPrinter(_ context.Context, in printerSetting) error {
	if in == (printerSetting{}) {
		return errors.New("set paper (ok, low, out), cover (closed, open) or line (ok, cut, dead), or a fault (kiosk sim printer -h lists them; none ends them)")
	}
	for _, set := range []struct {
		to string
		do func(string) error
	}{{in.Paper, s.printer.SetPaper}, {in.Cover, s.printer.SetCover}, {in.Line, s.printer.SetLine}, {in.Fault, s.printer.SetFault}} {
		if set.to == "" {
			continue
		}
		if err := set.do(set.to); err != nil {
			return err
		}
	}
	return nil
}

type levelSetting struct{ State string }

func (s *simulation) setLink(_ context.Context, in levelSetting) error {
	s.mu.Lock()
	cut := s.cut
	s.mu.Unlock()
	switch {
	case in.State != "up" && in.State != "down":
		return fmt.Errorf("link state %q is neither up nor down", in.State)
	case cut == nil:
		return fmt.Errorf("this kiosk is not enrolled: it has no link")
	}
	cut(in.State == "down")
	return nil
}

func (s *simulation) setReader(_ context.Context, in levelSetting) error {
	if s.reader == nil {
		return errors.New("this reader is pcscd's: stop pcscd to take it away")
	}
	switch in.State {
	case "plugged":
		s.reader.PlugReader()
	case "gone":
		s.reader.PullReader()
	default:
		return fmt.Errorf("reader state %q is neither plugged nor gone", in.State)
	}
	return nil
}

func (s *simulation) papers(w http.ResponseWriter, _ *http.Request) {
	jobs := s.printer.Jobs()
	if jobs == nil {
		jobs = []printersim.Job{}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"jobs": jobs})
}

func (s *simulation) paper(w http.ResponseWriter, r *http.Request) {
	last := 0
	if r.URL.Query().Has("last") {
		if _, err := fmt.Sscan(r.URL.Query().Get("last"), &last); err != nil || last < 1 {
			http.Error(w, "last is how many of the newest papers to draw", http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(s.printer.PNG(last))
}

func (s *simulation) personas(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Name  string `json:"name"`
		Title string `json:"title"`
		QR    string `json:"qr,omitempty"`
	}
	out := struct {
		Personas []entry `json:"personas"`
		Faults   []entry `json:"faults"`
	}{}
	for _, p := range cardsim.Personas() {
		out.Personas = append(out.Personas, entry{p.Name, p.About, p.QR()})
	}
	for _, f := range cardsim.Faults() {
		out.Faults = append(out.Faults, entry{Name: f.Name, Title: f.About})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out)
}
