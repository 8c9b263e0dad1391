package cccd_test

import (
	"errors"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"tiepdan/drivers/card/cccd"
)

const (
	qr2021 = "001099012345|012345678|Nguyễn Văn An|20051999|Nam|Số 1, Ngõ 2, Phường Thử Nghiệm, Hà Nội|10062022"
	qr2024 = qr2021 + "||||"
)

// misread is UTF-8 taken for Latin-1 (or, with cp1252, for Windows-1252) and encoded again.
func misread(s string, cp1252 bool) string {
	var out []rune
	for i := range len(s) {
		r := rune(s[i])
		if cp1252 && r >= 0x80 && r < 0xA0 {
			r = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")[r-0x80]
		}
		out = append(out, r)
	}
	return string(out)
}

func TestParseQR(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                 qr2021,
		"2024":                  qr2024,
		"CR":                    qr2021 + "\r",
		"CRLF":                  qr2021 + "\r\n",
		"Tab":                   qr2021 + "\t",
		"NUL":                   qr2021 + "\x00",
		"blank lines before":    "\r\n\r\n" + qr2021 + "\r\n",
		"read twice":            qr2021 + "\r" + qr2021 + "\r",
		"spaces around fields":  strings.ReplaceAll(qr2021, "|", " | "),
		"byte order mark":       "\ufeff" + qr2021,
		"AIM identifier":        "]Q1" + qr2021,
		"NFD":                   norm.NFD.String(qr2021),
		"Latin-1":               misread(qr2021, false),
		"Windows-1252":          misread(qr2021, true),
		"Latin-1 twice":         misread(misread(qr2021, false), true),
		"Latin-1 of NFD":        misread(norm.NFD.String(qr2021), false),
		"Latin-1 with BOM, CR":  misread("\ufeff"+qr2021, false) + "\r",
		"zero-width characters": strings.ReplaceAll(qr2021, "Văn", "V\u200băn"),
	} {
		t.Run(name, func(t *testing.T) {
			q, err := cccd.ParseQR(text)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{string(q.PIN), q.OldID, q.Name, q.DOB, q.Sex, q.Residence, q.Issued, q.Key().CAN}
			want := []string{"001099012345", "012345678", "Nguyễn Văn An", "20/05/1999", "Nam",
				"Số 1, Ngõ 2, Phường Thử Nghiệm, Hà Nội", "10/06/2022", "012345"}
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if len(q.Warnings) > 0 {
				t.Errorf("warnings %q", q.Warnings)
			}
			if want := map[bool]string{true: "2024", false: "2021"}[name == "2024"]; q.Model() != want {
				t.Errorf("model %s, want %s", q.Model(), want)
			}
		})
	}
}

func TestParseQROddities(t *testing.T) {
	tests := []struct {
		name, text string
		want       error
		warnings   string
	}{
		{"six fields, no old number", "001099012345||Nguyễn Văn An|20051999|Nam|Hà Nội", nil, ""},
		{"eleven, tail kept", qr2021 + "|a||b|", nil, ""},
		{"only the year of birth", "001099012345||A|1999|Nam|x|10062022", nil, ""},
		{"cut UTF-8 in the name", "001099012345||Nguy\xe1\xbb|20051999|Nam|x|10062022", nil, "qr-field-3-encoding"},
		{"impossible dates", "001099012345||A|31021999|Nam|x|99999999", nil, "qr-field-4-date qr-field-7-date"},
		{"another sex and year", "001099012345||A|20052000|Nữ|x|10062022", nil, "pin-sex pin-year"},
		{"no such province", "003099012345||A|20051999|Nam|x|10062022", nil, "pin-province"},
		{"empty", "", cccd.ErrNotCardQR, ""},
		{"only ends of lines", "\r\n\t\r", cccd.ErrNotCardQR, ""},
		{"web address", "https://example.vn/a|b", cccd.ErrNotCardQR, ""},
		{"ticket", "TD|H01|0007", cccd.ErrNotCardQR, ""},
		{"cut in the middle", "001099012345||Nguyễn", cccd.ErrBrokenQR, ""},
		{"PIN with a letter", strings.Replace(qr2021, "0010990", "0O10990", 1), cccd.ErrBrokenQR, ""},
		{"PIN of 11", qr2021[1:], cccd.ErrBrokenQR, ""},
		{"full-width digits", strings.Replace(qr2021, "001099012345", "０01099012345", 1), cccd.ErrBrokenQR, ""},
		{"a megabyte", strings.Repeat("|", 1<<20), cccd.ErrNotCardQR, ""},
		{"too many fields", "001099012345" + strings.Repeat("|", 100), cccd.ErrNotCardQR, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q, err := cccd.ParseQR(test.text)
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if got := strings.Join(q.Warnings, " "); got != test.warnings {
				t.Errorf("warnings %q, want %q", got, test.warnings)
			}
			if err != nil && strings.Contains(err.Error(), "Nguy") {
				t.Errorf("the error tells the text: %v", err)
			}
		})
	}
	q, err := cccd.ParseQR(qr2021 + "|a||b|")
	if err != nil || !slices.Equal(q.Tail, []string{"a", "", "b", ""}) {
		t.Errorf("tail %q, %v", q.Tail, err)
	}
}

func FuzzParseQR(f *testing.F) {
	for _, s := range []string{qr2021, qr2024, misread(qr2021, true), norm.NFD.String(qr2021), "]Q1\r\n|", qr2021[:40], "\xe1\xbb|||||"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var q cccd.QR
		var err error
		bounded(t, func() { q, err = cccd.ParseQR(s) })
		if err != nil {
			if !errors.Is(err, cccd.ErrBrokenQR) && !errors.Is(err, cccd.ErrNotCardQR) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if _, err := cccd.ParsePIN(string(q.PIN)); err != nil || len(q.Key().CAN) != 6 {
			t.Fatalf("accepted a PIN of %d bytes", len(q.PIN))
		}
		for _, field := range append([]string{q.OldID, q.Name, q.DOB, q.Sex, q.Residence, q.Issued}, q.Tail...) {
			if !norm.NFC.IsNormalString(field) || strings.ContainsAny(field, "\r\n\t\x00|") || field != strings.TrimSpace(field) {
				t.Fatalf("field %q is not clean", field)
			}
		}
	})
}

func TestPIN(t *testing.T) {
	for s, want := range map[string]string{
		"001099012367": "0010••••••67", "": "••••••••••••", "12345": "••••••••••••", "00109901236x": "••••••••••••", "0010990123670": "••••••••••••",
	} {
		if got := cccd.MaskPIN(s); got != want {
			t.Errorf("MaskPIN(%q) = %q, want %q", s, got, want)
		}
	}
	for _, test := range []struct {
		pin  string
		year int
		sex  string
	}{
		{"001099012345", 1999, "Nam"}, {"001144012345", 1944, "Nữ"}, {"001204012345", 2004, "Nam"},
		{"001319012345", 2019, "Nữ"}, {"001800012345", 2300, "Nam"},
	} {
		p, err := cccd.ParsePIN(" " + test.pin + "\n")
		if err != nil || p.BirthYear() != test.year || p.Sex() != test.sex || p.CAN() != "012345" {
			t.Errorf("%s: year %d, sex %s, CAN %s, %v", test.pin, p.BirthYear(), p.Sex(), p.CAN(), err)
		}
	}
	for _, s := range []string{"", "1", "00109901234", "0010990123456", "00109901234a", "+01099012345", "００１０"} {
		if _, err := cccd.ParsePIN(s); !errors.Is(err, cccd.ErrPIN) {
			t.Errorf("ParsePIN(%q): %v", s, err)
		}
	}
	if p := cccd.PIN("x"); p.Sex() != "" || p.BirthYear() != 0 || p.CAN() != "" || p.Check("Nam", "1999") != nil {
		t.Error("a malformed PIN encodes something")
	}
}

// bounded fails when do allocates more than 64 MB in all.
func bounded(t *testing.T, do func()) {
	t.Helper()
	allocated := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := allocated()
	do()
	if n := allocated() - before; n > 64<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}
