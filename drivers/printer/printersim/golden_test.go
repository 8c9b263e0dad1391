package printersim

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden picture anew")

// script shows every command that draws, once.
const script = "\x1b@Font A: ABC xyz 0123 ()*+\n" +
	"\x1bE\x01bold \x1bE\x00\x1b-\x02underlined\x1b-\x00 \x1dB\x01 white on black \x1dB\x00\n" +
	"\x1d!\x11GS ! 2x2\n\x1d!\x07H8\n\x1d!\x00\x1b!\x30ESC !\x1b!\x00\n" +
	"\x1ba\x01in the middle\n\x1ba\x02at the right\n\x1ba\x00" +
	"\x1b&\x03AB\x0c" + "\xff\xff\xff\x80\x00\x01\x80\x00\x01\x80\x3c\x01\x80\x42\x01\x80\x81\x01\x80\x81\x01\x80\x42\x01\x80\x3c\x01\x80\x00\x01\x80\x00\x01\xff\xff\xff" +
	"\x03\xff\xff\xff\x00\x18\x00\xff\xff\xff\x1b%\x01AB of ours\n\x1b?A\x1b?B\x1b%\x00AB of its own\n" +
	"\x1dv0\x00\x04\x00\x04\x00\xff\xff\xff\xff\xaa\xaa\xaa\xaa\x55\x55\x55\x55\xff\xff\xff\xff" +
	"\x1bJ\x10\x1dv0\x03\x02\x00\x02\x00\xf0\xf0\x0f\x0f\x1bJ\x10" +
	"\x1ba\x01\x1d(k\x04\x0012\x32\x00\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x04\x1d(k\x03\x001E1\x1d(k\x0c\x001P0TIEPDAN-1\x1d(k\x03\x001Q0\x1ba\x00" +
	"\x1b3\x50line spacing\n80 dots\n\x1b2and 30\n\x1bd\x03\x1dVB\x00"

// What the commands draw is looked at once, and kept.
func TestGolden(t *testing.T) {
	s := newSim()
	s.Receive([]byte(script))
	if tr := s.Troubles(); len(tr) != 1 { // GS ( k 12 is none
		t.Error("not understood:", tr)
	}
	const file = "testdata/script.png"
	got := s.PNG(0)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := dots(t, got), dots(t, want); a.Bounds() != b.Bounds() || !sameDots(a, b) {
		t.Errorf("the paper differs from %s; look at it, then run with -update", file)
	}
}

func dots(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func sameDots(a, b image.Image) bool {
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}
