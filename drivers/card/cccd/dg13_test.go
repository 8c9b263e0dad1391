package cccd_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tiepdan/drivers/card"
	"tiepdan/drivers/card/cccd"
)

// shared finds a file of the shared data beside the repository.
func shared(t testing.TB, name string) []byte {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", name))
	if err != nil {
		t.Skipf("no shared data here: %v", err)
	}
	return b
}

var an = cccd.Identity{
	PIN: "001099012345", OldID: "012345678", Name: "Nguyễn Văn An", DOB: "20/05/1999", Sex: "Nam", Nationality: "Việt Nam",
	Ethnicity: "Kinh", Religion: "Không", Origin: "Xã Mẫu, Huyện Thử, Hà Nội",
	Residence: "Số 1, Ngõ 2, Tổ dân phố số 3, Phường Thử Nghiệm, Quận Ví Dụ, Thành phố Hà Nội, một địa chỉ dài hơn 127 byte để kiểm thử",
	Features:  "Nốt ruồi cách 1cm trên sau mép trái", Issued: "10/05/2021", Expires: "20/05/2039",
	Father: "Nguyễn Văn Ba", Mother: "Trần Thị Bốn", ChipID: "0123456789ABCDEF",
}

func same(a, b cccd.Identity) bool {
	return slices.EqualFunc(a.Fields(), b.Fields(), func(x, y cccd.Field) bool { return x.Key == y.Key && x.Value == y.Value })
}

func TestDG13Vector(t *testing.T) {
	b, err := hex.DecodeString(strings.TrimSpace(string(shared(t, "dg13-synthetic.hex"))))
	if err != nil {
		t.Fatal(err)
	}
	id, warn, err := cccd.ParseDG13(b)
	if err != nil || len(warn) > 0 || !same(id, an) {
		t.Errorf("err %v, warnings %q, fields equal: %v", err, warn, same(id, an))
	}
	if id.Source["name"] != cccd.FromChip || len(id.Source) != 16 {
		t.Errorf("sources %v", id.Source)
	}
	if got := cccd.EncodeDG13(id); !bytes.Equal(got, b) {
		t.Errorf("encodes to %x", got)
	}
}

// field makes one DG13 item.
func field(id byte, value ...byte) []byte {
	return card.AppendTLV(nil, 0x30, append([]byte{2, 1, id}, value...))
}

func text(tag uint32, s string) []byte { return card.AppendTLV(nil, tag, []byte(s)) }

func dg13(container uint32, items ...[]byte) []byte {
	body := bytes.Join(items, nil)
	if container != 0 {
		body = card.AppendTLV(nil, container, body)
	}
	return card.AppendTLV(nil, 0x6D, body)
}

func TestDG13Tolerance(t *testing.T) {
	dg, _, err := cccd.DecodeDG13(cccd.EncodeDG13(an))
	if err != nil {
		t.Fatal(err)
	}
	var items [][]byte
	for _, f := range dg.Fields {
		items = append(items, field(byte(f.ID), f.Value...))
	}
	without := func(ids ...int) [][]byte {
		var kept [][]byte
		for i, item := range items {
			if !slices.Contains(ids, i+1) {
				kept = append(kept, item)
			}
		}
		return kept
	}
	with := func(extra ...[]byte) [][]byte { return append(slices.Clone(items), extra...) }
	reversed := slices.Clone(items)
	slices.Reverse(reversed)

	tests := []struct {
		name     string
		dg13     []byte
		want     func(*cccd.Identity)
		warnings string
	}{
		{"as it is", dg13(0x30, items...), nil, ""},
		{"any order", dg13(0x30, reversed...), nil, ""},
		{"in a SET", dg13(0x31, items...), nil, ""},
		{"no container", dg13(0, items...), nil, "dg13-container"},
		{"no spouse, no old number", dg13(0x30, without(14, 15)...), func(id *cccd.Identity) { id.OldID = "" }, ""},
		{"a spouse", dg13(0x30, append(without(14), field(14, card.AppendTLV(nil, 0x30, text(0x0C, "Trần (Thị) B"))...))...),
			func(id *cccd.Identity) { id.Spouse = "Trần (Thị) B" }, ""},
		{"bare strings for parents", dg13(0x30, append(without(13), field(13, append(text(0x0C, "Cha"), text(0x0C, "Mẹ")...)...))...),
			func(id *cccd.Identity) { id.Father, id.Mother = "Cha", "Mẹ" }, ""},
		{"mother only", dg13(0x30, append(without(13), field(13, append([]byte{0x30, 0}, card.AppendTLV(nil, 0x30, text(0x0C, "Mẹ"))...)...))...),
			func(id *cccd.Identity) { id.Father, id.Mother = "", "Mẹ" }, ""},
		{"name missing", dg13(0x30, without(2)...), func(id *cccd.Identity) { id.Name = "" }, "dg13-field-2-missing"},
		{"unknown id kept aside", dg13(0x30, with(field(99, text(0x0C, "?")...))...), nil, "dg13-field-99-unknown"},
		{"first of two counts", dg13(0x30, with(field(2, text(0x0C, "Khác")...))...), nil, "dg13-field-2-duplicate"},
		{"decomposed, padded", dg13(0x30, append(without(2), field(2, text(0x0C, " Nguye\u0302\u0303n Va\u0306n An\n")...))...), nil, ""},
		{"not UTF-8", dg13(0x30, append(without(10), field(10, text(0x0C, "a\xff")...))...), func(id *cccd.Identity) { id.Features = "a" }, "dg13-field-10-encoding"},
		{"an integer for a text", dg13(0x30, append(without(10), field(10, 2, 1, 7))...), func(id *cccd.Identity) { id.Features = "" }, "dg13-field-10-malformed"},
		{"date of nonsense", dg13(0x30, append(without(3), field(3, text(0x13, "31/02/1999")...))...), func(id *cccd.Identity) { id.DOB = "31/02/1999" }, "dg13-field-3-date"},
		{"PIN of eleven", dg13(0x30, append(without(1), field(1, text(0x13, "00109901234")...))...), func(id *cccd.Identity) { id.PIN = "00109901234" }, "dg13-field-1-malformed"},
		{"an item that is none", dg13(0x30, with(text(0x0C, "?"))...), nil, "dg13-item-17-malformed"},
		{"cut off", dg13(0x30, with([]byte{0x30, 0x50, 2, 1})...), nil, "dg13-truncated"},
		{"bytes after", append(dg13(0x30, items...), 0x30, 0), nil, "dg13-trailing"},
		{"long length of a short field", dg13(0x30, append(without(4), append([]byte{0x30, 0x81, 8, 2, 1, 4}, text(0x0C, "Nam")...))...), nil, "dg13-not-der"},
		{"empty", dg13(0x30), func(id *cccd.Identity) { *id = cccd.Identity{} }, "dg13-field-1-missing dg13-field-2-missing dg13-field-3-missing " +
			"dg13-field-4-missing dg13-field-5-missing dg13-field-6-missing dg13-field-7-missing dg13-field-8-missing dg13-field-9-missing " +
			"dg13-field-10-missing dg13-field-11-missing dg13-field-12-missing dg13-field-13-missing dg13-field-16-missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := an
			if test.want != nil {
				test.want(&want)
			}
			id, warn, err := cccd.ParseDG13(test.dg13)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range want.Fields() {
				if got := id.Fields()[i]; got.Value != f.Value {
					t.Errorf("%s: %q, want %q", f.Key, got.Value, f.Value)
				}
			}
			if got := strings.Join(warn, " "); got != test.warnings {
				t.Errorf("warnings %q, want %q", got, test.warnings)
			}
		})
	}
	for _, b := range [][]byte{nil, {0x6D}, {0x6D, 5, 1}, {0x61, 0}, make([]byte, 1<<16)} {
		if _, _, err := cccd.ParseDG13(b); !errors.Is(err, card.ErrMalformed) {
			t.Errorf("%.8x: %v", b, err)
		}
	}
}

func FuzzParseDG13(f *testing.F) {
	f.Add(cccd.EncodeDG13(an))
	f.Add(cccd.EncodeDG13(cccd.Identity{Spouse: "B"}))
	f.Add(dg13(0, field(2, text(0x0C, "A")...)))
	f.Add([]byte{0x6D, 0x05, 0x30, 0x03, 0x30, 0x01, 0x02})
	f.Fuzz(func(t *testing.T, b []byte) {
		var dg cccd.DG13
		var warn []string
		var err error
		bounded(t, func() { dg, warn, err = cccd.DecodeDG13(b) })
		if err != nil {
			return
		}
		if len(warn) == 0 && !bytes.Equal(dg.Encode(), b) {
			t.Fatalf("encodes to %x", dg.Encode())
		}
		id, _, err := cccd.ParseDG13(b)
		if err != nil {
			t.Fatalf("decodes and does not parse: %v", err)
		}
		again, _, err := cccd.ParseDG13(cccd.EncodeDG13(id))
		if err != nil || !same(again, id) {
			t.Fatalf("not the same after encoding: %v", err)
		}
	})
}

func TestHolder(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse("2006-01-02 15:04 -0700", s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, test := range []struct {
		dob, on string
		age     int
		ok      bool
	}{
		{"20/05/1999", "2026-05-19 23:59 +0700", 26, true},
		{"20/05/1999", "2026-05-20 00:00 +0700", 27, true},
		{"20/05/1999", "2026-05-19 18:00 +0000", 27, true}, // already the 20th in Hanoi
		{"29/02/2008", "2026-02-28 12:00 +0700", 17, true},
		{"29/02/2008", "2026-03-01 12:00 +0700", 18, true},
		{"1944", "2026-11-22 12:00 +0700", 81, true}, // the least it can be
		{"00/00/1944", "2026-12-31 12:00 +0700", 82, true},
		{"06/1944", "2026-06-29 12:00 +0700", 81, true},
		{"", "2026-06-29 12:00 +0700", 0, false},
		{"31/02/1944", "2026-06-29 12:00 +0700", 0, false},
		{"20/05/2030", "2026-06-29 12:00 +0700", -4, false},
	} {
		age, ok := cccd.Identity{DOB: test.dob}.AgeOn(day(test.on))
		if ok != test.ok || ok && age != test.age {
			t.Errorf("born %q, on %s: %d, %v", test.dob, test.on, age, ok)
		}
	}
	for _, test := range []struct {
		expires, on string
		want        bool
	}{
		{"20/05/2039", "2039-05-20 23:00 +0700", false},
		{"20/05/2039", "2039-05-21 00:00 +0700", true},
		{"Không thời hạn", "2099-01-01 00:00 +0700", false},
		{"", "2099-01-01 00:00 +0700", false},
	} {
		if got := (cccd.Identity{Expires: test.expires}).ExpiredOn(day(test.on)); got != test.want {
			t.Errorf("expires %q, on %s: %v", test.expires, test.on, got)
		}
	}
	for name, want := range map[string]string{"Nguyễn Văn An": "An", "ĐẶNG THỊ ÁNH": "Ánh", " Ma ": "Ma", "": "", "y thị đào": "Đào"} {
		if got := (cccd.Identity{Name: name}).GivenName(); got != want {
			t.Errorf("given name of %q: %q", name, got)
		}
	}
	if a := an.AddresseeOn(day("2026-11-22 12:00 +0700")); a.Given != "An" || a.Sex != "Nam" || a.Age != 27 {
		t.Errorf("addressee %s %s %d", a.Given, a.Sex, a.Age)
	}
	if an.Get("father") != "Nguyễn Văn Ba" || an.Get("nonsense") != "" {
		t.Error("Get")
	}
}

// Nothing personal leaves by accident: not by any verb of fmt, not by slog, not
// by encoding/json, by value or pointer, alone or inside something else.
func TestRedaction(t *testing.T) {
	q, err := cccd.ParseQR(qr2021)
	if err != nil {
		t.Fatal(err)
	}
	dg, _, err := cccd.DecodeDG13(cccd.EncodeDG13(an))
	if err != nil {
		t.Fatal(err)
	}
	personal := []any{
		an, &an, an.Fields(), an.Fields()[1], q, &q, q.PIN, dg, &dg, dg.Fields, an.AddresseeOn(time.Now()),
		cccd.Portrait{MIME: "image/jpeg", Data: []byte("Nguyễn")}, cccd.Evidence{DG13: []byte("Nguyễn")},
		cccd.Reading{Identity: an, Evidence: cccd.Evidence{DG1: []byte("Nguyễn")}},
		&cccd.Reading{Identity: an, Portrait: cccd.Portrait{Data: []byte("Nguyễn")}},
		map[string]cccd.Identity{"holder": an}, []any{struct{ Of cccd.Identity }{an}},
	}
	for _, v := range personal {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%o", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("x", "v", v)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%v: %v", reflect.TypeOf(v), err)
		}
		out.Write(b)
		for _, secret := range []string{"Nguy", "An\"", "099012", "303939", "78 103 117", hex.EncodeToString([]byte("Nguy")),
			strings.ToUpper(hex.EncodeToString([]byte("Nguy"))), "1999", "Tmd1e", "TmfDou"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%v gives %q away:\n%.400s", reflect.TypeOf(v), secret, out.String())
			}
		}
	}
}
