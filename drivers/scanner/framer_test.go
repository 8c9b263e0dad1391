package scanner

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// A card's QR text, of nobody.
const cardText = "001090012367|012345678|Nguyễn Thị Bích Ngọc|01021990|Nữ|Số 5 Hàng Đào, Hoàn Kiếm, Hà Nội|01012021"

func TestFraming(t *testing.T) {
	long := strings.Repeat("x", maxText)
	for _, c := range []struct {
		name string
		in   string
		want []string
	}{
		{"CR", cardText + "\r", []string{cardText}},
		{"LF", cardText + "\n", []string{cardText}},
		{"CRLF", cardText + "\r\n", []string{cardText}},
		{"Tab", cardText + "\t", []string{cardText}},
		{"two", "a\rb\r", []string{"a", "b"}},
		{"unfinished", "abc", nil},
		{"empty", "\r\n\r\n\t", nil},
		{"ETX", cardText + "\x03", []string{cardText}},
		{"STX and ETX", "noise\x02" + cardText + "\x03\x02b\x03", []string{cardText, "b"}},
		{"STX and CR LF", "\x02" + cardText + "\r\n", []string{cardText}},
		{"STX after one too long", long + "x\x02a\x03", []string{"a"}},
		{"spaces and controls", " a\x00b\x1d \r", []string{"ab"}},
		{"Windows-1258", "Tr\xe2\xccn\r", []string{"Trần"}},
		{"not UTF-8", "0010|Nguy\xe3n\r", []string{"0010|Nguy\ufffdn"}},
		{"longest", long + "\r", []string{long}},
		{"too long", long + "x\ra\r", []string{"a"}},
		{"a megabyte", strings.Repeat(cardText, 10000) + "\ra\r", []string{"a"}},
		{"the same twice", "a\ra\rb\ra\r", []string{"a", "b", "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 3, 1000, 1 << 21} { // pieces, cutting letters too
				var f framer
				var got []string
				for piece := range slices.Chunk([]byte(c.in), size) {
					f.feed(piece, time.Unix(0, 0), func(s string) { got = append(got, s) })
				}
				if !slices.Equal(got, c.want) {
					t.Fatalf("in pieces of %d: %d scans %.60q, want %.60q", size, len(got), got, c.want)
				}
			}
		})
	}
}

func TestTime(t *testing.T) {
	var f framer
	var got []string
	at := time.Unix(0, 0)
	feed := func(after time.Duration, text string) {
		at = at.Add(after)
		f.feed([]byte(text), at, func(s string) { got = append(got, s) })
	}
	feed(0, "a\r")
	feed(1900*time.Millisecond, "a\r") // held
	feed(1900*time.Millisecond, "a\r") // still held
	feed(2*time.Second, "a\r")         // laid anew
	feed(time.Second, "torn sc")
	feed(1100*time.Millisecond, "b\r")
	feed(3*time.Second, "sl")
	feed(900*time.Millisecond, "ow\r")
	if want := []string{"a", "a", "b", "slow"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever comes, in whatever pieces: texts are clean and bounded, and the pieces
// make no difference.
func FuzzFramer(f *testing.F) {
	f.Add([]byte(cardText+"\r"), 7)
	f.Add([]byte("x\x02Nguy\u00e1\u00bb\u0085n\x03Tr\xe2\xccn\r"), 2)
	f.Add([]byte("a\r\n\tb\x00\xff\xfe\n"), 1)
	f.Add(bytes.Repeat([]byte("x"), 3*maxText), 4096)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		scan := func(size int) (got []string) {
			var f framer
			for piece := range slices.Chunk(in, size) {
				f.feed(piece, time.Unix(0, 0), func(s string) { got = append(got, s) })
			}
			if len(f.buf) > maxText {
				t.Fatal("unbounded")
			}
			return got
		}
		whole := scan(max(1, len(in)))
		for _, s := range whole {
			if s == "" || !utf8.ValidString(s) || len(s) > 3*maxText || strings.ContainsAny(s, "\r\n\t\x00") {
				t.Fatalf("%q", s)
			}
			if again := text([]byte(s)); again != s && !strings.Contains(s, "\ufffd") && isVietnamese(s) {
				t.Fatalf("%q is right, and becomes %q", s, again)
			}
		}
		if pieces := scan(1 + (size&0xfff+0xfff)%0xfff); !slices.Equal(pieces, whole) {
			t.Fatalf("%q in pieces, %q at once", pieces, whole)
		}
	})
}
