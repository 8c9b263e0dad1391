package printer

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a technician learns from a printer that nobody knows: which speed it listens
// at, and how wide its paper is. Nothing is asked of the printer here, and nothing is
// taken for granted but that it prints ASCII and GS v 0.

// speeds that printers leave the factory with, slowest first.
var speeds = []int{9600, 19200, 38400, 57600, 115200}

// widths of paper in dots, the narrowest first.
var widths = []int{384, 512, 576, 640, 832}

// PrintSpeeds prints one short line at each speed. At a wrong one it comes out as a
// few signs that mean nothing, or not at all.
func PrintSpeeds(ctx context.Context, address string) error {
	for _, baud := range speeds {
		if err := strip(ctx, address, baud, speedStrip(baud)); err != nil {
			return fmt.Errorf("at %d: %w", baud, err)
		}
	}
	return nil
}

// PrintWidths prints a ruler for each width, with its end and its number. A ruler
// that is wider than the paper loses its end.
func PrintWidths(ctx context.Context, address string, baud int) error {
	r, err := NewRenderer()
	if err != nil {
		return err
	}
	b, err := r.widthStrip()
	if err != nil {
		return err
	}
	return strip(ctx, address, baud, b)
}

// strip sends bytes on a line of their own, and waits for them to leave.
func strip(ctx context.Context, address string, baud int, b []byte) error {
	line, err := Open(address, baud)(ctx)
	if err != nil {
		return err
	}
	by := time.Now().Add(5*time.Second + time.Duration(len(b))*10*time.Second/time.Duration(baud))
	err = line.SetWriteDeadline(by)
	if err == nil {
		_, err = line.Write(b)
	}
	if d, ok := line.(interface{ Drain(time.Time) error }); ok && err == nil {
		err = d.Drain(by)
	}
	return errors.Join(err, line.Close())
}

func speedStrip(baud int) []byte {
	out := []byte{'\n', esc, '@'}
	out = fmt.Appendf(out, "-baud %d\n", baud)
	return append(out, '\n', '\n')
}

// rulerHeight is high enough to be seen and low enough for 9600 baud.
const rulerHeight = 24

func (r *Renderer) widthStrip() ([]byte, error) {
	out := []byte{'\n', esc, '@'}
	for _, dots := range widths {
		paper, err := r.Render(Document{Blocks: []Block{Text{Text: fmt.Sprint(dots)}}}, dots)
		if err != nil {
			return nil, err
		}
		ruler := NewBitmap(dots, rulerHeight+paper.Height)
		ruler.Fill(0, rulerHeight/2-1, dots, rulerHeight/2+1)
		for x := 0; x < dots; x += 80 { // a tick each centimetre
			ruler.Fill(x, rulerHeight/4, x+2, rulerHeight*3/4)
		}
		ruler.Fill(0, 0, 3, rulerHeight)
		ruler.Fill(dots-3, 0, dots, rulerHeight)
		// Its number stands at the end: what can be read of it is on the paper.
		left := dots
		for y := range paper.Height {
			if e := paper.rowExtent(y); e.right > 0 {
				left = min(left, dots-e.right*8)
			}
		}
		for y := range paper.Height {
			for x := range dots - left {
				if paper.Black(x, y) {
					ruler.Set(left+x, rulerHeight+y, true)
				}
			}
		}
		out = append(out, gs, 'v', '0', 0, byte(ruler.Stride), byte(ruler.Stride>>8), byte(ruler.Height), byte(ruler.Height>>8))
		out = append(out, ruler.Bits...)
		out = appendBlank(out, 16)
	}
	return appendBlank(out, 160), nil
}
