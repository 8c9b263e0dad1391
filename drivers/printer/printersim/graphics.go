package printersim

import (
	"bytes"
	"slices"

	zxing "github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"

	"tiepdan/drivers/printer"
)

// raster begins GS v 0 m xL xH yL yH: m 1 and 3 are double width, 2 and 3 double height.
func (d *decoder) raster(b []byte) ([]op, bool) {
	if len(b) >= 3 && b[2] != '0' {
		return d.strange(b), true
	}
	if len(b) < 8 {
		return nil, false
	}
	mode, width, height := int(b[3])&^'0', int(b[4])|int(b[5])<<8, int(b[6])|int(b[7])<<8
	if mode > 3 || width == 0 || len(d.line) > 0 {
		return d.strange(b), true // GS v 0 wants an empty line buffer
	}
	if d.quirks.noDouble {
		mode = 0
	}
	d.image.mode, d.image.width, d.image.left = mode, width, width*height
	d.row = d.row[:0]
	return nil, true
}

func (d *decoder) imageByte(c byte) []op {
	d.row = append(d.row, c)
	d.image.left--
	if len(d.row) < d.image.width {
		return nil
	}
	dots := make([]bool, 0, len(d.row)*8)
	for i := range len(d.row) * 8 {
		black := d.row[i/8]&(0x80>>(i%8)) != 0
		dots = append(dots, black)
		if d.image.mode&1 != 0 {
			dots = append(dots, black)
		}
	}
	d.row = d.row[:0]
	rows := [][]byte{d.placeRaster(dots)}
	if d.image.mode&2 != 0 {
		rows = append(rows, rows[0])
	}
	return []op{d.emit(op{rows: rows})}
}

func (d *decoder) placeRaster(dots []bool) []byte {
	align := d.align
	if d.quirks.noJustify {
		d.align = 0
	}
	row := d.place(dots)
	d.align = align
	return row
}

// place puts a row of dots where ESC a wants it.
func (d *decoder) place(dots []bool) []byte {
	b := printer.NewBitmap(d.dots, 1)
	left := 0
	switch d.align {
	case 1:
		left = max(0, (d.dots-len(dots))/2)
	case 2:
		left = max(0, d.dots-len(dots))
	}
	for i, black := range dots {
		if black {
			b.Set(left+i, 0, true)
		}
	}
	return bytes.Clone(b.Bits)
}

// maxQRData bounds what GS ( k stores: Epson's printers hold 7,089 bytes.
const maxQRData = 7092

// symbol does GS ( k for QR codes (cn 49): 65 model, 67 module size, 69 error
// correction, 80 store, 81 print, 82 size. The code is drawn by an encoder that
// the driver does not use.
func (d *decoder) symbol(b []byte) ([]op, bool) {
	if len(b) < 5 {
		return nil, false
	}
	size := int(b[3]) | int(b[4])<<8
	if size > maxQRData {
		return d.strange(b[:5]), true
	}
	if len(b) < 5+size {
		return nil, false
	}
	p := b[5:]
	if b[2] != 'k' || size < 3 || p[0] != 49 {
		return d.strange(b[:5]), true
	}
	switch fn := p[1]; {
	case fn == 65 && size == 4 && p[2] == 50: // model 2
		return nil, true
	case fn == 67 && size == 3 && p[2] >= 1 && p[2] <= 16:
		d.module = int(p[2])
		return nil, true
	case fn == 69 && size == 3 && p[2] >= 48 && p[2] <= 51:
		d.level = p[2] - 48
		return nil, true
	case fn == 80 && p[2] == 48:
		d.qr = bytes.Clone(p[3:])
		return nil, true
	case fn == 81 && size == 3 && p[2] == 48:
		return d.printQR()
	case fn == 82 && size == 3 && p[2] == 48: // how large it would be: nobody asks
		return nil, true
	}
	return d.strange(b[:7]), true
}

func (d *decoder) printQR() ([]op, bool) {
	modules, err := Symbol(d.qr, d.level)
	if err != nil {
		return []op{{trouble: "QR code: " + err.Error()}}, true
	}
	if len(modules)*d.module > d.dots {
		return []op{{trouble: "QR code is wider than the paper"}}, true
	}
	ops := d.flush()
	for _, line := range modules {
		var dots []bool
		for _, black := range line {
			dots = append(dots, slices.Repeat([]bool{black}, d.module)...)
		}
		row := d.place(dots)
		for range d.module {
			ops = append(ops, d.emit(op{rows: [][]byte{row}}))
		}
	}
	return ops, true
}

// Symbol is the QR code that this printer draws for data of UTF-8, at the level of
// error correction 0 to 3: L, M, Q, H.
func Symbol(data []byte, level byte) ([][]bool, error) {
	levels := []zxing.ErrorCorrectionLevel{zxing.ErrorCorrectionLevel_L, zxing.ErrorCorrectionLevel_M,
		zxing.ErrorCorrectionLevel_Q, zxing.ErrorCorrectionLevel_H}
	code, err := encoder.Encoder_encode(string(data), levels[level&3], nil)
	if err != nil {
		return nil, err
	}
	m := code.GetMatrix()
	modules := make([][]bool, m.GetHeight())
	for y := range modules {
		for x := range m.GetWidth() {
			modules[y] = append(modules[y], m.Get(x, y) == 1)
		}
	}
	return modules, nil
}
