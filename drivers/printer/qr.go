package printer

import (
	"errors"
	"fmt"

	qrcode "github.com/skip2/go-qrcode"
)

// quietZone is the white border that ISO/IEC 18004 section 9.1 demands, in modules.
const quietZone = 4

// moduleSizes are the sides of a QR module in dots, best first. All but the last
// are even, so that the code travels at half resolution without loss (escpos.go);
// 6 dots are 0.75 mm, easy for any phone; 3 are 0.375 mm, the least we print.
var moduleSizes = []int{6, 4, 3}

// maxQR is the largest side of a QR code on paper, without its quiet zone: 28 mm.
const maxQR = 224

// QRModules returns the dark modules of a text's QR code, row by row, without
// the quiet zone. Level M: a thermal ticket is folded and carried in a pocket.
func QRModules(text string) ([][]bool, error) {
	if text == "" {
		return nil, errors.New("empty QR code")
	}
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("QR code of %d bytes: %w", len(text), err)
	}
	code.DisableBorder = true
	return code.Bitmap(), nil
}

func (s *sheet) qr(b QR) error {
	modules, err := QRModules(b.Text)
	if err != nil {
		return err
	}
	n := len(modules)
	size, err := moduleSize(n, s.width)
	if err != nil {
		return err
	}
	// Left and top edges on even dots, for the same reason.
	s.space(quietZone*size + s.y%2)
	left := (s.width - n*size) / 4 * 2
	drawModules(s.grown(s.y+n*size), modules, size, left, s.y)
	s.space(n*size + quietZone*size)
	s.paper.Grow(s.y)
	return nil
}

// moduleSize is how many dots a module of such a code is on such paper.
func moduleSize(modules, dots int) (int, error) {
	for _, m := range moduleSizes {
		// A large code may be larger than is handsome, but never too fine or cut.
		if modules*m <= maxQR || (m == moduleSizes[len(moduleSizes)-1] && (modules+2*quietZone)*m <= dots) {
			return m, nil
		}
	}
	return 0, fmt.Errorf("QR code of %d modules does not fit %d dots", modules, dots)
}

// qrImage is a QR code alone, in bytes that travel at half resolution.
func qrImage(modules [][]bool, size int) *Bitmap {
	img := NewBitmap((len(modules)*size+15)/16*16, len(modules)*size)
	drawModules(img, modules, size, 0, 0)
	return img
}

func drawModules(b *Bitmap, modules [][]bool, size, left, top int) {
	for my, row := range modules {
		for mx, dark := range row {
			if dark {
				b.Fill(left+mx*size, top+my*size, left+(mx+1)*size, top+(my+1)*size)
			}
		}
	}
}
