package lds

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"

	"tiepdan/drivers/card"
)

// Face is the picture of data group 2. MIME is image/jpeg or image/jp2; Data
// is part of the file it was found in.
type Face struct {
	MIME string
	Data []byte
}

func (Face) String() string             { return "[face]" }
func (Face) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[face]") } // a fmt.State keeps its own errors
func (Face) LogValue() slog.Value       { return slog.StringValue("[face]") }

var magics = []struct {
	mime  string
	magic []byte
}{
	{"image/jpeg", []byte{0xFF, 0xD8, 0xFF}},
	{"image/jp2", []byte{0, 0, 0, 0x0C, 'j', 'P', ' ', ' ', 0x0D, 0x0A, 0x87, 0x0A}},
	{"image/jp2", []byte{0xFF, 0x4F, 0xFF, 0x51}}, // a bare JPEG 2000 codestream
}

// faceHead is what an image in an ISO/IEC 19794-5 record has before it at
// least: facial record header 14, facial information 20, image information 12.
const faceHead = 46

// ParseDG2 finds the first face in data group 2: a biometric information
// template (Doc 9303-10 §4.7.2) around an ISO/IEC 19794-5 record around an
// image. Issuers get the lengths in there wrong, so of those only the outermost
// is believed; the image is known by how it begins.
func ParseDG2(ef []byte) (Face, error) {
	content, err := Content(2, ef)
	if err != nil {
		return Face{}, err
	}
	record := content
	if group, _, err := card.ParseTLV(content); err == nil && group.Tag == 0x7F61 {
		for _, tag := range []uint32{0x5F2E, 0x7F2E} {
			if t, ok := group.Find(0x7F60, tag); ok {
				record = t.Value
				break
			}
		}
	}
	if bytes.HasPrefix(record, []byte("FAC\x00")) && len(record) > faceHead {
		record = record[faceHead:]
	}
	best, at := Face{}, len(record)
	for _, m := range magics {
		if i := bytes.Index(record[:min(len(record), at+len(m.magic))], m.magic); i >= 0 && i < at {
			best, at = Face{MIME: m.mime, Data: record[i:]}, i
		}
	}
	if best.Data == nil {
		return Face{}, fmt.Errorf("%w: DG2 holds no image we know", card.ErrMalformed)
	}
	if best.MIME == "image/jpeg" {
		best.Data = cutJPEG(best.Data)
	}
	return best, nil
}

// cutJPEG drops what follows the end of the image: padding, or a second face.
// Segments have lengths of their own; in entropy-coded data a marker is an FF
// that no zero and no restart number follows.
func cutJPEG(b []byte) []byte {
	for i := 2; i+1 < len(b); {
		if b[i] != 0xFF {
			i++
			continue
		}
		switch m := b[i+1]; {
		case m == 0xD9:
			return b[: i+2 : i+2]
		case m == 0xFF:
			i++
		case m == 0 || m == 1 || m >= 0xD0 && m <= 0xD8:
			i += 2
		case i+3 < len(b):
			i += 2 + int(b[i+2])<<8 + int(b[i+3])
		default:
			return b
		}
	}
	return b
}
