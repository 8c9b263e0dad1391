package printersim

import (
	"bytes"
	"context"
	"image/png"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"tiepdan/drivers/printer"
)

func newSim() *Sim { return New(384, slog.New(slog.DiscardHandler)) }

// one returns the only paper that came out.
func one(t *testing.T, s *Sim) *printer.Bitmap {
	t.Helper()
	jobs := s.Jobs()
	if len(jobs) != 1 {
		t.Fatalf("%d papers: %v, troubles %v", len(jobs), jobs, s.Troubles())
	}
	b, _ := s.Paper(jobs[0].ID)
	return b
}

// box is the smallest rectangle that holds all ink.
func box(b *printer.Bitmap) (x0, y0, x1, y1 int) {
	x0, y0 = b.Width, b.Height
	for y := range b.Height {
		for x := range b.Width {
			if b.Black(x, y) {
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
			}
		}
	}
	return
}

func TestCommands(t *testing.T) {
	const cut = "\x1dV\x00"
	raster := "\x1dv0\x00\x01\x00\x02\x00\xff\x81" // 8 × 2 dots
	for _, c := range []struct {
		name, in       string
		x0, y0, x1, y1 int
	}{
		{"GS v 0", raster, 0, 0, 8, 2},
		{"GS v 0 double width", "\x1dv0\x01\x01\x00\x02\x00\xff\x81", 0, 0, 16, 2},
		{"GS v 0 double height", "\x1dv0\x02\x01\x00\x02\x00\xff\x81", 0, 0, 8, 4},
		{"GS v 0 quadruple, ASCII mode", "\x1dv03\x01\x00\x02\x00\xff\x81", 0, 0, 16, 4},
		{"ESC a center", "\x1ba\x01" + raster, 188, 0, 196, 2},
		{"ESC a right", "\x1ba\x02" + raster, 376, 0, 384, 2},
		{"ESC J", "\x1bJ\x0a" + raster, 0, 10, 8, 12},
		{"ESC d", "\x1bd\x02" + raster, 0, 60, 8, 62},
		{"ESC @ undoes ESC a", "\x1ba\x01\x1b@" + raster, 0, 0, 8, 2},
		{"NUL means nothing", "\x00\x00" + raster, 0, 0, 8, 2},
		{"ESC p does no harm", "\x1bp\x00\x10\x10" + raster, 0, 0, 8, 2},
		{"DLE EOT in an image is image", "\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01", 3, 0, 24, 1},
		{"ESC & and ESC %", "\x1b&\x03AA\x02\xff\xff\xff\x80\x00\x00\x1b%\x01A\n", 0, 0, 2, 24},
		{"GS ! of a defined letter", "\x1b&\x03AA\x02\xff\xff\xff\x80\x00\x00\x1b%\x01\x1d!\x21A\n", 0, 0, 6, 48},
		{"ESC ! of a defined letter", "\x1b&\x03AA\x02\xff\xff\xff\x80\x00\x00\x1b%\x01\x1b!\x30A\n", 0, 0, 4, 48},
		{"ESC E", "\x1b&\x03AA\x01\xff\xff\xff\x1b%\x01\x1bE\x01A\n", 0, 0, 2, 24},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, whole := range []bool{true, false} {
				s := newSim()
				if in := []byte(c.in + cut); whole {
					s.Receive(in)
				} else {
					for i := range in {
						s.Receive(in[i : i+1])
					}
				}
				if x0, y0, x1, y1 := box(one(t, s)); x0 != c.x0 || y0 != c.y0 || x1 != c.x1 || y1 != c.y1 {
					t.Errorf("ink at %d,%d to %d,%d, want %d,%d to %d,%d", x0, y0, x1, y1, c.x0, c.y0, c.x1, c.y1)
				}
				if j := s.Jobs()[0]; j.State != Printed || len(s.Troubles()) > 0 {
					t.Error(j, s.Troubles())
				}
			}
		})
	}
}

func TestText(t *testing.T) {
	s := newSim()
	s.Receive([]byte("\x1b@Xin chao\n" + strings.Repeat("x", 40) + "\n\x1b?A\x1dVB\x00"))
	b := one(t, s)
	if b.Height != 3*lineFeed+headToCutter { // the second line is one letter group too long
		t.Errorf("%d rows", b.Height)
	}
	if tr := s.Troubles(); len(tr) > 0 {
		t.Error(tr)
	}
}

func TestNativeQR(t *testing.T) {
	const text = "A012 · Hộ tịch"
	s := newSim()
	s.Receive([]byte("\x1d(k\x03\x001C\x04\x1d(k" + string([]byte{byte(len(text) + 3)}) + "\x001P0" + text + "\x1d(k\x03\x001Q0\x1dV\x00"))
	bits, err := gozxing.NewBinaryBitmapFromImage(one(t, s).Image(16))
	if err != nil {
		t.Fatal(err)
	}
	utf8 := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8"} // it guesses wrongly
	res, err := qrcode.NewQRCodeReader().Decode(bits, utf8)
	if err != nil || res.GetText() != text || len(s.Troubles()) > 0 {
		t.Errorf("%q, %v, %v", res, err, s.Troubles())
	}
}

func TestStrangeCommandsAreNoticed(t *testing.T) {
	for _, in := range []string{"\x1bZ", "\xe1", "\x07", "\x1dv9", "\x1d(A\x02\x00\x00\x00", "text\x1dv0\x00\x01\x00\x01\x00\xff", "\x1b&\x02AA\x00"} {
		s := newSim()
		s.Receive([]byte(in))
		if len(s.Troubles()) == 0 {
			t.Errorf("%q is understood", in)
		}
	}
}

// TestAnswers reads what the printer says of itself over a line in memory.
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- s.Serve(ctx) }()
		line, err := s.Dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(question string, want ...byte) {
			t.Helper()
			if _, err := line.Write([]byte(question)); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 0, 16)
			synctest.Wait()
			for len(got) < len(want) {
				buf := make([]byte, 16)
				n, err := line.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, buf[:n]...)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("% x: % x, want % x", question, got, want)
			}
		}
		set := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		const all = "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
		ask(all, 0x12, 0x12, 0x12, 0x12)
		set(s.SetPaper("low"))
		ask(all, 0x12, 0x12, 0x12, 0x1e)
		ask("\x1dr\x01", 0x03)
		set(s.SetPaper("out"))
		ask(all, 0x1a, 0x32, 0x12, 0x7e)
		set(s.SetPaper("ok"))
		set(s.SetCover("open"))
		ask(all, 0x1a, 0x16, 0x12, 0x12)
		set(s.SetCover("closed"))
		s.BlockCutter(true)
		ask(all, 0x1a, 0x52, 0x1a, 0x12)
		s.BlockCutter(false)
		ask("\x1da\x0f", 0x10, 0x00, 0x00, 0x0f)
		set(s.SetPaper("low"))
		ask("", 0x10, 0x00, 0x03, 0x0f)
		// Realtime questions do not wait, others do.
		set(s.SetCover("open"))
		ask("", 0x38, 0x00, 0x03, 0x0f)
		ask("\x1dr\x01\x10\x04\x02", 0x16)
		set(s.SetCover("closed"))
		ask("", 0x03, 0x10, 0x00, 0x03, 0x0f)
		cancel()
		<-served
	})
}

func TestPicture(t *testing.T) {
	s := newSim()
	s.Expect("ticket", "A001")
	s.Receive([]byte("\x1dv0\x00\x01\x00\x02\x00\xff\x81\x1dV\x00\x1dv0\x00\x01\x00\x02\x00\xff\x81"))
	all, err := png.Decode(bytes.NewReader(s.PNG(0)))
	if err != nil {
		t.Fatal(err)
	}
	if all.Bounds().Dx() < 384 {
		t.Error(all.Bounds())
	}
	if _, err := png.Decode(bytes.NewReader(newSim().PNG(3))); err != nil {
		t.Error("of nothing:", err)
	}
	jobs := s.Jobs()
	if len(jobs) != 2 || jobs[0].Kind != "ticket" || jobs[0].Number != "A001" || jobs[0].State != Printed ||
		jobs[0].Bytes != 13 || jobs[1].Kind != "" || jobs[1].State != Printing {
		t.Error(jobs)
	}
}

func TestUnknownSettings(t *testing.T) {
	s := newSim()
	for _, err := range []error{s.SetPaper("wet"), s.SetCover(""), s.SetLine("up")} {
		if err == nil {
			t.Error("a setting that does not exist")
		}
	}
}

// Nothing that comes down the line harms the printer.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x1b@\x1dv0\x00\x01\x00\x02\x00\xff\x81\x1dV\x00"))
	f.Add([]byte("\x1b&\x03AZ\x0c\x1d(k\xff\xff\x1dv0\x03\xff\xff\xff\xff\x10\x04\x01"))
	f.Add([]byte("Xin ch\xe0o\n\x1d!\x77XX\x1bd\xff\x1bp\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s := newSim()
		s.Receive(in)
		s.OutAfter(3)
		s.Receive(in)
		if err := s.SetPaper("ok"); err != nil {
			t.Fatal(err)
		}
		s.Jobs()
	})
}
